"""Which builds a batch section means."""

from cicd.build.batch.expand import expand
from tests.build.test_spec import read

P = "version: 0.2\nphases: {build: {commands: [a]}}\n"


def builds(text):
    spec, problems = read(P + text)
    assert [] == [p.message for p in problems]
    return expand(spec.batch)


def test_trap_36_a_matrix_is_exactly_the_product_with_the_buildspec_outside():
    found = builds(
        "batch:\n  build-matrix:\n    static: {ignore-failure: yes, env: {type: ARM_CONTAINER}}\n"
        "    dynamic:\n      buildspec: [a.yml, b.yml]\n"
        "      env: {variables: {V: [1, 2, 3]}}\n"
    )
    assert [(s, v) for s in ("a.yml", "b.yml") for v in "123"] == [
        (b.entry.buildspec, dict(b.entry.environment.variables)["V"]) for b in found
    ]
    assert [f"matrix_{n}" for n in range(1, 7)] == [b.entry.identifier for b in found]
    assert {(True, "ARM_CONTAINER")} == {
        (b.entry.ignore_failure, b.entry.environment.type) for b in found
    }


def test_a_matrix_of_images_and_compute_types_overrides_the_environment():
    found = builds(
        "batch:\n  build-matrix:\n    dynamic:\n"
        "      env: {image: [i, j], compute-type: [BUILD_GENERAL1_SMALL]}\n"
    )
    assert [("i", "BUILD_GENERAL1_SMALL"), ("j", "BUILD_GENERAL1_SMALL")] == [
        (b.entry.environment.image, b.entry.environment.compute_type) for b in found
    ]


def test_a_fan_out_is_so_many_shards():
    found = builds("batch: {build-fanout: {parallelism: 3, ignore-failure: true}}\n")
    assert [(f"BuildFanoutShard{n}", n, 3, True) for n in (1, 2, 3)] == [
        (b.entry.identifier, b.shard, b.shards, b.entry.ignore_failure) for b in found
    ]
