"""The week in review as a file: HTML and PDF, with the answers and the charts of the pages."""
