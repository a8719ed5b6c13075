"""What people do with plans: preview, next year, amendment, workbook."""
