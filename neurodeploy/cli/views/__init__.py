"""The views that commands show: programs, chips, findings, reports and this installation."""
