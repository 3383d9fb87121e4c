"""Whether a model fits, on roots that are made up: what is free, what is needed, what is said."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from test_gguf import STRING, U32, header, pair, text, whole

from rag.errors import ModelError
from rag.memory import MARGIN_BYTES, check_memory, context_bytes, free_bytes

# Qwen2.5-Coder-0.5B: 12,288 bytes of keys and values a token.
QWEN = {
    "general.architecture": "qwen2",
    "qwen2.block_count": 24,
    "qwen2.context_length": 32768,
    "qwen2.embedding_length": 896,
    "qwen2.attention.head_count": 14,
    "qwen2.attention.head_count_kv": 2,
}


def machine(root: Path, free_kb: int) -> Path:
    (root / "proc/self").mkdir(parents=True, exist_ok=True)
    (root / "proc/meminfo").write_text(f"MemTotal: 99999999 kB\nMemAvailable: {free_kb} kB\n")
    return root


def group(root: Path, line: str, folder: str, **files: str) -> None:
    (root / "proc/self/cgroup").write_text(f"3:cpu:/elsewhere\n{line}\n")
    place = root / "sys/fs/cgroup" / folder
    place.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (place / name.replace("memory_", "memory.", 1)).write_text(content)


def test_a_context_holds_keys_values_and_a_steps_attention():
    assert context_bytes(QWEN, 4096, 256) == 4096 * (12_288 + 256 * 14 * 4)
    assert context_bytes(QWEN, 100, 256) == 100 * (12_288 + 100 * 14 * 4)
    assert context_bytes(QWEN, 10**6, 1) == context_bytes(QWEN, 32768, 1)


@pytest.mark.parametrize("key", ["general.architecture", "qwen2.attention.head_count"])
def test_what_a_file_does_not_say_is_not_counted(key):
    assert context_bytes({name: value for name, value in QWEN.items() if name != key}, 4096, 256) == 0


def test_lengths_of_keys_that_a_file_says_count_more_than_its_width():
    longer = {**QWEN, "qwen2.attention.key_length": 128, "qwen2.attention.value_length": 128}
    assert context_bytes(longer, 1000, 0) == 2 * context_bytes(QWEN, 1000, 0)


def test_where_nothing_is_known_nothing_is_refused(tmp_path):
    assert free_bytes(tmp_path) is None
    check_memory(tmp_path / "absent.gguf", context_tokens=512, computed_tokens=256, root=tmp_path)


def test_the_machine_says_what_is_free(tmp_path):
    assert free_bytes(machine(tmp_path, 1000)) == 1_024_000


def test_a_control_group_leaves_less_than_the_machine(tmp_path):
    machine(tmp_path, 10**6)
    stat = "anon 1\ninactive_file 20\nactive_file 5\n"
    group(tmp_path, "0::/a/b", "a/b", memory_max="max\n", memory_current="100\n", memory_stat=stat)
    assert free_bytes(tmp_path) == 1_024_000_000
    group(tmp_path, "0::/a/b", "a", memory_max="500\n", memory_current="100\n", memory_stat=stat)
    assert free_bytes(tmp_path) == 425
    group(tmp_path, "0::/a/b", "", memory_max="90\n", memory_current="100\n")
    assert free_bytes(tmp_path) == 0


def test_the_older_control_groups_count_too(tmp_path):
    machine(tmp_path, 10**6)
    stat = "inactive_file 1\ntotal_inactive_file 20\ntotal_active_file 5\n"
    group(
        tmp_path,
        "4:memory:/named/as/outside",
        "memory",
        memory_limit_in_bytes="500\n",
        memory_usage_in_bytes="100\n",
        memory_stat=stat,
    )
    assert free_bytes(tmp_path) == 425


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(meminfo=st.binary(max_size=99), cgroup=st.binary(max_size=99), limit=st.binary(max_size=9))
def test_no_file_of_the_system_breaks_it(tmp_path, meminfo, cgroup, limit):
    machine(tmp_path, 0)
    (tmp_path / "sys/fs/cgroup").mkdir(parents=True, exist_ok=True)
    (tmp_path / "proc/meminfo").write_bytes(meminfo)
    (tmp_path / "proc/self/cgroup").write_bytes(b"0::/" + cgroup)
    (tmp_path / "sys/fs/cgroup/memory.max").write_bytes(limit)
    free = free_bytes(tmp_path)
    assert free is None or free >= 0


def test_a_model_that_would_not_fit_is_refused_with_what_to_do(tmp_path):
    pairs = [pair("general.architecture", STRING, text("qwen2"))]
    pairs += [
        pair(key, U32, struct.pack("<I", value)) for key, value in QWEN.items() if isinstance(value, int)
    ]
    path = tmp_path / "large.gguf"
    path.write_bytes(whole(header(tuple(pairs))))
    needed = path.stat().st_size + context_bytes(QWEN, 4096, 256) + MARGIN_BYTES
    check_memory(
        path, context_tokens=4096, computed_tokens=256, root=machine(tmp_path / "enough", needed // 1024 + 1)
    )
    short = machine(tmp_path / "short", needed // 1024 - 1)
    with pytest.raises(ModelError, match=r"large\.gguf needs about 0\.3 GB") as caught:
        check_memory(path, context_tokens=4096, computed_tokens=256, root=short)
    assert "context_tokens" in caught.value.hint
    check_memory(path, context_tokens=512, computed_tokens=256, root=short)


@pytest.mark.parametrize("content", [None, b"", b"GGUF", b"no model"])
def test_a_file_that_is_no_model_is_for_its_loader_to_name(tmp_path, content):
    path = tmp_path / "strange.gguf"
    if content is not None:
        path.write_bytes(content)
    check_memory(path, context_tokens=512, computed_tokens=256, root=machine(tmp_path, 1))
