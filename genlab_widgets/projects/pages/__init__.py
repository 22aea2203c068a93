"""Pages: words of images and PDFs in reading order, so that a page reads like a text and its boxes like spans."""
