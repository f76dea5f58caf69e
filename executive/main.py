"""The ``dovetail`` command."""

from typing import Annotated

import typer

from executive.commands import (
    benchmark,
    bridge,
    calibrate,
    exporting,
    importing,
    interventions,
    kills,
    learning,
    operate,
    pictures,
    products,
    records,
    refinery,
    refinery_benchmarks,
    runs,
    tick_cost,
    walk,
)

EPILOG = "Exit codes: 0 done, 1 not assembled, 2 bad input, 3 fault of the cell, 130 interrupted."

app = typer.Typer(
    name="dovetail",
    help="Assembles products with a Franka FR3, one insertion after another.",
    epilog=EPILOG,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"dovetail {version('dovetail')}")
        raise typer.Exit


@app.callback()
def _dovetail(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
    cluster: Annotated[
        str,
        typer.Option(
            metavar="ADDRESS",
            envvar="DOVETAIL_CLUSTER",
            help="Do what has --jobs on this Ray cluster instead ('auto' for this machine's).",
        ),
    ] = "",
) -> None:
    if cluster:
        from executive.workers import use_cluster

        use_cluster(cluster)


app.command("list")(products.list_products)
app.command()(products.show)
app.command()(exporting.export)
app.command("import")(importing.import_folder)
app.command()(pictures.pictures)
app.command()(runs.run)
app.command()(runs.resume)
app.command()(operate.operate)
app.command()(operate.replay)
app.command("runs")(records.runs)
app.command()(records.report)
app.command()(records.stats)
app.command()(records.queue)
app.command()(learning.train)
app.command()(learning.evaluate)
app.command("map")(refinery.map_step)
app.command()(refinery.refine)
app.add_typer(learning.skills_app, name="skills")
benchmark.app.command()(interventions.interventions)
benchmark.app.command()(walk.walk)
benchmark.app.command()(kills.kills)
benchmark.app.command()(tick_cost.operator)
benchmark.app.command()(refinery_benchmarks.calibration)
benchmark.app.command()(refinery_benchmarks.refinery)
benchmark.app.command()(refinery_benchmarks.drift)
app.add_typer(benchmark.app, name="benchmark")
app.add_typer(bridge.app, name="bridge")
app.add_typer(calibrate.app, name="calibrate")


def run() -> None:
    """Entry point of the console script."""
    app()


if __name__ == "__main__":
    run()
