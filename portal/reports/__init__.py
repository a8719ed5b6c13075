"""Tables, index, pictures and documents as pages."""
