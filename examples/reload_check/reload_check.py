"""A check of one's own: does a start script run the server with --reload, which watches every file of the project?"""

import re
from collections.abc import Iterable

from overstay.checks.check import Project, Result
from overstay.checks.text import UnreadableError, read
from overstay.findings import Fix, Site
from overstay.messages import Speaker

SCRIPTS = ("Dockerfile", "Procfile", "start.sh", "start.bat", "start.ps1")
RELOAD = re.compile(r"(uvicorn|hypercorn|gunicorn)\b.*--reload")


class ReloadCheck:
    """Finds --reload in the scripts that start a server."""

    name = "reload"

    def look(self, project: Project, say: Speaker) -> Iterable[Result]:
        """Return one result a script."""
        for script in SCRIPTS:
            try:
                text = read(project.root / script, limit=100_000, until=project.deadline)
            except UnreadableError:
                continue
            yield self._judged(script, text, say)

    def _judged(self, script: str, text: str, say: Speaker) -> Result:
        is_chinese = say.language == "zh"
        for number, line in enumerate(text.splitlines(), 1):
            if RELOAD.search(line):
                title = "服务器以 --reload 启动" if is_chinese else "the server is started with --reload"
                fix = Fix("在生产环境去掉 --reload。" if is_chinese else "Leave out --reload in production.")
                site = Site(script, number, "", line.strip())
                return Result(self.name, "reload", "warning", title, about=script, fix=fix, site=site)
        title = f"{script} 没有 --reload" if is_chinese else f"{script} has no --reload"
        return Result(self.name, "reload", "fine", title, about=script)
