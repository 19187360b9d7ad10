"""Where a run reads and writes, as the disk itself knows it."""

from core.config.schema.run import RunConfig
from core.train import output_places


def codes(**sections) -> list[str]:
    return [problem.code for problem in output_places.problems(RunConfig(**sections))]


def test_an_output_folder_that_links_to_the_images_is_refused(tmp_path):
    (tmp_path / "img").mkdir()
    (tmp_path / "out").symlink_to(tmp_path / "img")
    dataset = {"train_data_dir": str(tmp_path / "img")}
    assert codes(dataset=dataset, save={"output_dir": str(tmp_path / "out")}) == ["E-OUT-DATA"]


def test_an_output_folder_in_a_folder_of_a_dataset_config_is_refused(tmp_path):
    (tmp_path / "img").mkdir()
    file = tmp_path / "sets.toml"
    file.write_text(
        f"[[datasets]]\nresolution = 64\n[[datasets.subsets]]\nimage_dir = '{tmp_path / 'img'}'\n"
    )
    dataset = {"dataset_config": str(file)}
    assert codes(dataset=dataset, save={"output_dir": str(tmp_path / "img" / "out")}) == ["E-OUT-DATA"]
    assert codes(dataset=dataset, save={"output_dir": str(tmp_path / "out")}) == []


def test_a_base_model_reached_through_a_link_is_not_replaced(tmp_path):
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "my.safetensors").write_bytes(b"")
    (tmp_path / "out").symlink_to(tmp_path / "models")
    base = {"base": str(tmp_path / "models" / "my.safetensors")}
    save = {"output_dir": str(tmp_path / "out"), "output_name": "my"}
    assert codes(model=base, dataset={"train_data_dir": "d"}, save=save) == ["E-OUT-SOURCE"]
