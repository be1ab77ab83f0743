"""The shell of every page: layout, macros, style, and what a page must know of its visitor."""
