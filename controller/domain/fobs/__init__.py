"""Read fob numbers as old systems and their spreadsheets have them."""
