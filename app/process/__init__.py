"""What starts things: the two commands, the processes behind the web, the commands of flask, health."""
