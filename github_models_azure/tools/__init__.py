"""Tools: Python functions, and definitions made elsewhere, that a model may call.

``ToolRunner`` and ``AsyncToolRunner`` let it call them until it has an answer.
"""

from ._errors import ToolArgumentsError
from ._records import (
    CallFinished,
    CallRecord,
    CallStarted,
    RunEvent,
    RunFinished,
    TextDelta,
    ToolCall,
    ToolRun,
    run_of,
)
from ._runner import ToolRunner
from ._runner_async import AsyncToolRunner
from ._steps import RunLimits
from ._tool import Tool, toolset

__all__ = [
    "AsyncToolRunner",
    "CallFinished",
    "CallRecord",
    "CallStarted",
    "RunEvent",
    "RunFinished",
    "RunLimits",
    "TextDelta",
    "Tool",
    "ToolArgumentsError",
    "ToolCall",
    "ToolRun",
    "ToolRunner",
    "run_of",
    "toolset",
]
