{"schema": "loom.unknown.v9"}
