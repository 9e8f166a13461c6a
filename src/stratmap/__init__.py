"""stratmap maps reports to a strategic framework with evidence, and answers questions with checked quotations."""

__version__ = "0.1.0"
