"""CSV and Excel, for organisations whose software has no API: a template, what a file means, and files back."""
