import pytest
from tests.engine_contract.test_lockstep import compare
from tests.engine_contract import test_machine as m
@pytest.mark.timeout(580)
def test_part(place_of):
    compare(place_of, 60, 100)
