"""Email Settings as pages of the web application, and the shell that every page stands in."""
