"""Start the application: `create_app`, background processes, commands, launch and health."""
