"""JSON lines on stderr. No BSN and no text of an exception ever reaches them.

Exceptions of Polars and Pydantic print cell values, so of an exception only its type and the place it was raised are kept.
"""

import logging
import sys
from collections.abc import Mapping, MutableMapping
from types import TracebackType
from typing import Any, cast

import structlog
from structlog.typing import EventDict, FilteringBoundLogger, WrappedLogger

from gmsd_chassis.redaction import mask_value

# Chatty at INFO about every (re)connection; their warnings matter.
_QUIET = ("aiokafka", "faststream", "httpx", "httpcore", "uvicorn.access")

_TRACEBACK = "Traceback (most recent call last)"


def where(error: BaseException) -> str:
    """Module and line of the innermost frame: where an exception was raised."""
    trace: TracebackType | None = error.__traceback__
    if trace is None:
        return "not raised"
    while trace.tb_next is not None:
        trace = trace.tb_next
    return f"{trace.tb_frame.f_globals.get('__name__', '?')}:{trace.tb_lineno}"


def describe(error: BaseException) -> dict[str, Any]:
    """What may be said of an exception: its type, where it was raised, and the same of what caused it."""
    kind = type(error)
    chain: dict[str, Any] = {"type": f"{kind.__module__}.{kind.__qualname__}", "where": where(error)}
    if isinstance(error, BaseExceptionGroup):
        chain["members"] = [describe(member) for member in error.exceptions[:5]]
    if error.__cause__ is not None:
        chain["cause"] = describe(error.__cause__)
    return chain


def reduce_exceptions(_: WrappedLogger, __: str, event: MutableMapping[str, Any]) -> EventDict:
    """Processor: `exc_info` and every exception given as a value become type and place."""
    info = event.pop("exc_info", None)
    event.pop("stack_info", None)
    if info is True:
        info = sys.exc_info()[1]
    elif isinstance(info, tuple):
        info = info[1]
    if isinstance(info, BaseException):
        event["exception"] = describe(info)
    for key, value in event.items():
        if isinstance(value, BaseException):
            event[key] = describe(value)
        elif isinstance(value, str) and _TRACEBACK in value:
            event[key] = value.partition(_TRACEBACK)[0] + "(traceback left out)"
    return event


def redact(_: WrappedLogger, __: str, event: MutableMapping[str, Any]) -> EventDict:
    """Processor: masks every possible BSN in every key and value, however nested."""
    return cast("EventDict", mask_value(event))


class _NoExceptionText(logging.Filter):
    """A library that logs `"failed: %s", error` would print the text of the exception: only its type is kept."""

    def filter(self, record: logging.LogRecord) -> bool:
        if isinstance(record.args, tuple):
            record.args = tuple(_typed(argument) for argument in record.args)
        elif isinstance(record.args, Mapping):
            record.args = {key: _typed(argument) for key, argument in record.args.items()}
        if isinstance(record.msg, BaseException):
            record.msg = _typed(record.msg)
        return True


def _typed(argument: object) -> object:
    return type(argument).__qualname__ if isinstance(argument, BaseException) else argument


def configure(service: str, instance: str, level: int = logging.INFO) -> None:
    """Route structlog and every standard-library logger to JSON on stderr, with the same processors."""

    def identify(_: WrappedLogger, __: str, event: MutableMapping[str, Any]) -> EventDict:
        event["service"], event["instance"] = service, instance
        return event

    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        identify,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.make_filtering_bound_logger(level),
        cache_logger_on_first_use=False,
    )
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[*shared, structlog.stdlib.PositionalArgumentsFormatter()],
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            reduce_exceptions,
            redact,
            structlog.processors.JSONRenderer(ensure_ascii=False, default=str),
        ],
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter)
    handler.addFilter(_NoExceptionText())
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    for name in _QUIET:
        logging.getLogger(name).setLevel(max(level, logging.WARNING))


def get_logger(name: str = "gmsd") -> FilteringBoundLogger:
    """A logger: `log.info("what_happened", delivery_id=…)`; the event is a slug, the facts are fields."""
    return cast("FilteringBoundLogger", structlog.stdlib.get_logger(name))


log = get_logger()


def level_of(name: str) -> int:
    """DEBUG, INFO, WARNING or ERROR as a number."""
    return logging.getLevelNamesMapping()[name]
