"""Every place where a run can be hurt, hurt in every way; and the smallest plan that breaks it."""
