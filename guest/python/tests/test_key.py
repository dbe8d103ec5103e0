import json
import unittest
from hashlib import sha256
from typing import Any

from satama.cache import key


def canonical(value: Any) -> str:
    from satama._key import canonical

    return canonical(value)


class Keys(unittest.TestCase):
    def test_inputs_are_canonical_as_in_the_rfc(self) -> None:
        # https://www.rfc-editor.org/rfc/rfc8785#section-3.2.2
        inputs = json.loads(
            r"""{
                "numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
                "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/",
                "literals": [null, true, false]
            }"""
        )
        expected = (
            r'{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],'
            r'"string":"€$\u000f\nA' + "'" + r'B\"\\\\\"/"}'
        )
        self.assertEqual(canonical(inputs), expected)
        text = f'["acme",null,{expected}]'
        self.assertEqual(key(inputs, team="acme"), sha256(text.encode()).hexdigest())

    def test_the_key_is_that_of_other_languages(self) -> None:
        # printf '[null,null,""]' | sha256sum
        expected = "7ebba0e76eab0fd864c31f13c8088c1384215350ca8d317ec225abf9e89b4390"
        self.assertEqual(key(""), expected)

    def test_numbers_are_written_as_javascript_does(self) -> None:
        # https://www.rfc-editor.org/rfc/rfc8785#appendix-B
        samples = {
            0.0: "0",
            5e-324: "5e-324",
            -5e-324: "-5e-324",
            1.7976931348623157e308: "1.7976931348623157e+308",
            9007199254740992.0: "9007199254740992",
            295147905179352830000.0: "295147905179352830000",
            9.999999999999997e22: "9.999999999999997e+22",
            1e23: "1e+23",
            1.0000000000000001e23: "1.0000000000000001e+23",
            999999999999999700000.0: "999999999999999700000",
            1e21: "1e+21",
            9.999999999999997e-7: "9.999999999999997e-7",
            0.000001: "0.000001",
            333333333.3333332: "333333333.3333332",
            -0.0000033333333333333333: "-0.0000033333333333333333",
            1424953923781206.2: "1424953923781206.2",
            100.0: "100",
            120.5: "120.5",
        }
        self.assertEqual(canonical(-0.0), "0")
        for value, text in samples.items():
            self.assertEqual(canonical(value), text)

    def test_names_are_in_the_order_of_utf_16(self) -> None:
        # https://www.rfc-editor.org/rfc/rfc8785#section-3.2.3
        names = {"€": 1, "\r": 2, "\ufb33": 3, "1": 4, "😀": 5, "\x80": 6, "ö": 7}
        self.assertEqual(canonical(names), '{"\\r":2,"1":4,"\x80":6,"ö":7,"€":1,"😀":5,"דּ":3}')

    def test_what_is_written_alike_is_kept_apart(self) -> None:
        keys = [
            key(["a", "b"]),
            key(["b"], team="a"),
            key(["b"], version="a"),
            key([], team="a", version="b"),
            key([], team='a","b'),
            key(None, team="a", version="b"),
            key(["a", "b"], team=""),
            key(["a", "b"], version=""),
            key('["a","b"]'),
            key({"a": "b"}),
            key(1),
            key(True),
        ]
        self.assertEqual(len(set(keys)), len(keys))
        self.assertEqual(key((1, 2.0)), key([1, 2]))

    def test_what_json_does_not_hold_is_refused(self) -> None:
        for value in [1 << 53, -(1 << 53), float("nan"), float("-inf"), "\ud800"]:
            with self.assertRaises(ValueError):
                key([value])
        for other in [b"", {1}, object(), {1: 2}]:
            with self.assertRaises(TypeError):
                key(other)
