"""Documents as .docx: reading what is true, filling a template, setting it in the form of Decree 30/2020."""
