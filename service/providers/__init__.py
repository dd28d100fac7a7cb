"""What is asked of payment providers, told to them, heard from them and compared with them."""
