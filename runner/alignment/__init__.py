"""What each dealer should KEEP, DROP, ADD and SHIFT: rules, publishing, the report, likeness, the back-test."""
