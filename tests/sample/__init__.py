"""An app that brings its own programs: the example of docs/programs.md."""
