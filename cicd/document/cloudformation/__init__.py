"""CloudFormation templates: what they say once parameters and intrinsic functions are resolved."""
