"""What is promised to whoever has a script run, point by point, and what shows that each part is kept.

A name is a row's in `ends.py` or `worlds.py`; ``module::test`` is a test that runs the command line in another way.
`test_hostile.py` holds that all of them exist, that every point has rows, and that every row is there for a promise.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Promise:
    """One part of a point: what is kept, and what shows it."""

    point: str
    kept: str
    shown: tuple[str, ...]


def _of(point: str, **kept: tuple[str, ...]) -> list[Promise]:
    return [Promise(point, words.replace("_", " "), shown) for words, shown in kept.items()]


RUNNING = [
    *_of(
        "1 the script is __main__",
        globals_spec_file_argv_path_builtins=("test_world::test_the_world_is_that_of_plain_python",
                                              "test_arrivals::test_arguments_reach_the_script"),
        pickling_and_import_of_main=("main is the script",),
        spawn=("spawned children",),
        forkserver=("a server of forks",),
    ),
    *_of(
        "2 our own imports are not the user's",
        modules_of_our_names=("modules of our names",
                              "test_world::test_modules_beside_the_script_and_in_the_current_folder_are_not_ours"),
    ),
    *_of(
        "3 no foreign names, no shifted frames",
        globals_frames_code_names_and_places_of_warnings=("test_world::test_the_world_is_that_of_plain_python",),
        getsource_and_line_numbers=("source and lines",),
    ),
    *_of(
        "4 what an expression does is unchanged",
        order_identity_in_place_and_short_circuits=("order and identity",),
        exceptions_types_context_attributes=("exceptions as they are",),
    ),
    *_of(
        "5 the user's names never reach our code",
        shadowed_builtins=("builtins under other names",),
        replaced_builtins=("builtins replaced",),
        name_mangling=("private names in a class",),
        numpy_itself=("NumPy patched", "NumPy broken"),
    ),
    *_of(
        "6 the interpreter's settings are the user's",
        recursion_depth=("recursion limit", "test_world::test_the_world_is_that_of_plain_python"),
        ndarray_resize=("resizing in place",),
        reference_counts_del_weakrefs=("references",),
        settrace=("tracing",),
        setprofile=("profiling",),
        signals_and_SIGALRM=("an alarm", "test_world::test_the_world_is_that_of_plain_python"),
        atexit=("exit functions",),
        excepthook=("a hook for exceptions",),
        warnings_filters=("warnings as errors", "many warnings"),
        seterr=("floating errors raise",),
        print_options=("print options",),
        locale=("a locale",),
        random_streams=("random streams",),
    ),
    *_of(
        "7 children and threads",
        fork=("forks", "a child that leaves as usual", "a daemon"),
        pool=("a pool",),
        spawn_and_forkserver_do_not_record=("spawned children", "a server of forks"),
        threads_do_not_corrupt_the_tape=("threads beside the training", "threads that compute"),
    ),
]  # fmt: skip

ENDING = [
    *_of(
        "8 every end has a kind and a sentence",
        finished=("a wrong gradient", "float32"),
        sys_exit=("exit", "exit with text", "exit with a number", "exit inside a thread"),
        exception_with_the_users_frames=("raises before", "raises in the first step", "raises in the third step",
                                         "raises after", "raises after a wrong one", "chained", "group",
                                         "base exception", "keyboard interrupt", "recursion"),
        exceptions_travel_as_text=("exception without text", "exception that cannot be pickled"),
        os_exit=("os._exit", "exec"),
        signal_by_name=("abort", "crash", "kills itself", "terminates itself", "kills its group"),
        out_of_memory=("memory",),
        time_limit=("endless", "endless from the start", "endless import", "sleeping"),
        waiting_for_input=("input without data", "input with data", "reads on after the data"),
        nothing_found=("empty", "only comments", "definitions", "no update"),
        what_is_missing=("missing package", "missing file"),
        no_python=("syntax", "tabs and blanks", "python 2"),
    ),
    *_of(
        "9 the stop cannot be swallowed",
        bare_except=("a bare except around it",),
        base_exception=("swallows all", "leaves in except"),
        suppress=("suppresses",),
        exit_returning_True=("swallows in __exit__",),
        finally_that_trains_again=("trains again in finally",),
        except_with_os_exit=("leaves in except",),
    ),
    *_of(
        "10 what was complete is judged",
        crash=("crash", "abort"),
        endless_loop=("endless", "endless, swallowing"),
        sys_exit=("exit",),
        SIGKILL=("kills itself", "kills its group"),
        an_exception=("raises in the third step", "raises after a wrong one"),
    ),
    *_of(
        "11 time limits hold and nothing is left",
        ignored_signals=("ignoring every signal", "blocking every signal", "endless, swallowing"),
        calls_into_C=("in compiled code", "stopped"),
        closed_descriptors=("descriptors closed, then endless",),
        grandchildren=("a grandchild keeps the pipes", "a grandchild that ignores signals", "a daemon"),
        threads=("a thread goes on",),
        the_tool_itself_interrupted_terminated_or_killed=(
            "test_supervise::test_a_signal_to_the_tool_reports_what_is_known",
            "test_supervise::test_a_tool_that_is_killed_leaves_neither_process_nor_file",
            "test_terminal::test_an_interrupt_at_any_moment_ends_at_once_without_a_traceback",
        ),
    ),
]  # fmt: skip

STREAMS = [
    *_of(
        "12 the report is not on the script's descriptors",
        os_write_and_a_fake_report=("a fake report",),
        C_stdio=("C streams",),
        children=("output of children",),
        much=("much output",),
        binary=("binary output",),
        closed_descriptors=("streams closed", "all descriptors closed", "descriptors swapped"),
    ),
    *_of(
        "13 strict JSON, one document or nothing",
        no_NaN=("not a number from the start", "overflow"),
        no_colour_codes=("forced colour",),
        names_that_are_not_UTF_8=("test_world::test_odd_file_names",),
        a_report_that_cannot_be_written_is_exit_2=("test_cli::test_standard_output_that_cannot_be_written_is_exit_2",
                                                   "test_world::test_a_read_only_folder"),
    ),
    *_of(
        "14 text from the script is data",
        escapes_and_markup=("escapes", "test_world::test_text_of_the_script_is_data_in_every_form"),
    ),
    *_of(
        "15 what is said is bounded",
        exceptions=("a huge exception", "chained", "recursion"),
        lines=("a huge line",),
        warnings=("many warnings",),
        output=("much output", "test_world::test_text_of_the_script_is_data_in_every_form"),
    ),
]  # fmt: skip

FILES = [
    *_of(
        "16 sources are read as Python reads them",
        encodings=("latin-1", "latin-1 unsaid", "byte order mark and CRLF", "form feeds and odd line ends"),
        what_is_no_python_file=("test_world::test_what_is_no_script_is_named", "syntax"),
    ),
    *_of(
        "17 nothing of the user's changes",
        own_writes_kept_aside=("writes and deletes", "rewrites itself", "makes a plot", "a child that leaves as usual"),
        output_onto_the_script=("test_world::test_a_report_never_replaces_a_script",),
    ),
    *_of(
        "18 odd surroundings",
        read_only_folder=("test_world::test_a_read_only_folder",),
        no_home=("no home",),
        no_or_full_temporary_folder=("test_world::test_surroundings", "test_world::test_a_full_temporary_folder"),
        few_descriptors=("test_world::test_few_descriptors",),
        locale=("plain locale",),
        optimised=("optimised",),
        safe_path=("safe path",),
        development_mode=("development mode",),
    ),
]  # fmt: skip

ANSWERS = [
    *_of(
        "a clear answer, the exit code, and what was complete",
        missing_file=("missing file", "test_arrivals::test_a_missing_file_is_named_with_the_line_that_wants_it"),
        no_such_script=("test_world::test_what_is_no_script_is_named",),
        empty_file=("empty",),
        syntax_error_with_line_and_caret=("syntax",),
        exception_before_inside_after=("raises before", "raises in the first step", "raises in the third step",
                                       "raises after"),
        no_training_step=("no update", "definitions", "test_call::test_the_report_lists_the_calls"),
        input_with_and_without_data=("input with data", "input without data"),
        sys_exit=("exit", "exit with text"),
        os_exit=("os._exit",),
        crash=("crash",),
        endless_loop=("endless", "ignoring every signal"),
        huge_output=("much output",),
        plt_show=("makes a plot",),
        missing_data_set=("a data set that is not there",),
        missing_package=("missing package",),
        source_not_in_UTF_8=("latin-1", "latin-1 unsaid"),
        NaN_from_the_start=("not a number from the start",),
        object_arrays=("object arrays",),
        integers=("integers",),
        float32=("float32",),
        complex_numbers=("complex numbers",),
        patched_NumPy=("NumPy patched", "NumPy broken"),
        an_operation_that_cannot_be_followed=("an operation that cannot be followed",),
    ),
]  # fmt: skip

PROMISES = [*RUNNING, *ENDING, *STREAMS, *FILES, *ANSWERS]
POINTS = 18
