"""Provider simulators: stateful HTTP servers in a process of their own, for the demo, tests, bench and chaos."""
