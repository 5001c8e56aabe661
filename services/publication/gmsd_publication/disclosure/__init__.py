"""Disclosure control: releases that can be published, and the proof that travels with them. Knows neither Kafka nor HTTP."""
