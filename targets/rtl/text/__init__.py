"""Programs as the text of Verilog-2001."""
