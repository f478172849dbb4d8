"""Learning a remote: from recorded presses to a keymap. Its parts are pure; only `guide` and `source` talk to people and devices."""
