"""``cicd check`` and ``cicd hooks``: what is done before a push."""
