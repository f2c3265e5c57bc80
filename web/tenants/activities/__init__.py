"""Activities (三会一课, 主题党日) with attendance, and study hours in the member's file."""
