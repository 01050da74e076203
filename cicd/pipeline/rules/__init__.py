"""What a declaration must hold beyond types and limits; AWS's own words stand in the notes."""
