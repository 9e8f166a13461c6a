"""From a question to an answer whose quotations can be checked: import from the modules."""
