"""The commands about the ledger's database: bringing it up to date, and moving it from the office's file to a server."""

from cyclopts import App, Group

from liandong.saying import say

_COMMANDS, _OPTIONS = Group("命令"), Group("选项")
db_app = App(name="db", help="台账数据库的升级与搬迁。", version_flags=[], group_commands=_COMMANDS, group_parameters=_OPTIONS)
db_app["--help"].help = "显示帮助"
db_app["--help"].group = _COMMANDS
MOVED = "搬走前的台账.db"


@db_app.command
def upgrade() -> int:
    """把台账升级到当前版本的表结构（其他命令遇到旧结构时也会自动升级）。"""
    from integrations.database.engine import engine
    from tasks.office import office

    engine(office().settings.url)
    say("台账的表结构已是最新。")
    return 0


@db_app.command(name="move")
def move_() -> int:
    """把自带的台账文件搬到设置里 database_url 指定的数据库，搬后核对。"""
    from campaigns.errors import Conflict, NotConfigured
    from integrations.database.engine import engine
    from integrations.database.moving import move
    from tasks.office import office
    from tasks.record import verify

    settings = office().settings
    file = settings.home / "liandong.db"
    if settings.url.startswith("sqlite"):
        raise NotConfigured("请先在设置里写上 database_url（或环境变量 LIANDONG_DATABASE_URL），指向一个空的 PostgreSQL 数据库")
    if not file.is_file():
        raise Conflict(f"没有要搬的台账文件 {file}；设置里的数据库已在使用")
    source = engine(f"sqlite:///{file}")
    copied = move(source, engine(settings.url))
    faults = verify().faults
    for one in faults:
        say(f"不符　{one}")
    if faults:
        say("搬过去的台账核对不符，原台账文件没有动；请停用 database_url，并转交技术人员。")
        return 1
    source.dispose()
    file.rename(file.with_name(MOVED))  # so that nobody goes on writing into it
    say(f"已搬 {sum(copied.values())} 行（{len(copied)} 个表），核对无误；原文件改名为 {MOVED}。")
    return 0
