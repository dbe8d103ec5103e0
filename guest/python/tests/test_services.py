import sys
import unittest
from datetime import timedelta
from unittest import mock

from wit_world.imports import cache as cache_host
from wit_world.imports import channel as channel_host
from wit_world.imports import session as session_host

import satama
from satama import Json, cache, channel, session

MINUTE = timedelta(minutes=1)


class Errors(unittest.TestCase):
    def test_a_case_is_an_exception_with_its_code(self) -> None:
        with self.assertRaises(satama.AccessDenied) as denied:
            cache.Bucket.open("other")
        self.assertEqual(denied.exception.code, "access-denied")
        self.assertEqual(denied.exception.interface, "cache")
        with self.assertRaises(satama.Error) as large, cache.Bucket.open("granted") as bucket:
            bucket.set("a", b"1" * 101, ttl=MINUTE)
        assert isinstance(large.exception, satama.TooLarge)
        self.assertEqual(large.exception.limit, 100)

    def test_every_code_is_that_of_the_wit(self) -> None:
        for error in vars(satama.errors).values():
            if isinstance(error, type) and error not in (satama.Error, satama.Status):
                words = "".join(f"-{c.lower()}" if c.isupper() else c for c in error.__name__)
                if issubclass(error, satama.Error | satama.Cancelled):
                    self.assertEqual(error.code, words.lstrip("-"))

    def test_a_cancel_is_no_exception_that_is_handled_by_chance(self) -> None:
        self.assertFalse(issubclass(satama.Cancelled, Exception))

    def test_a_module_without_its_interface_says_what_to_add(self) -> None:
        with self.assertRaisesRegex(ImportError, "`import satama:services/secret-use@0.1.0;`"):
            import satama.secret_use  # noqa: F401

    def test_an_interface_of_another_package_is_not_taken_for_ours(self) -> None:
        ours = mock.Mock()
        modules = {"wit_world.imports.satama_services_types": ours}
        with mock.patch.dict(sys.modules, modules):
            self.assertIs(satama._bindings.imported("types"), ours)


class Handles(unittest.TestCase):
    def test_a_handle_is_closed_once(self) -> None:
        with cache.Bucket.open("granted") as bucket:
            resource = bucket._open
        self.assertTrue(resource.closed)
        bucket.close()
        with self.assertRaisesRegex(ValueError, "the bucket is closed"):
            bucket.get("a")


class Cache(unittest.TestCase):
    def setUp(self) -> None:
        cache_host.values.clear()
        cache_host.claimed.clear()
        self.bucket = self.enterContext(cache.Bucket.open("granted"))

    def test_a_result_is_computed_once(self) -> None:
        compute = mock.Mock(return_value={"ä": (1,)})
        for hit in [False, True]:
            cached = self.bucket.cached("k", compute, ttl=MINUTE)
            self.assertEqual((cached.value, cached.hit), ({"ä": [1]}, hit))
        compute.assert_called_once_with()
        self.assertEqual(cache_host.claimed, set())

    def test_a_claim_is_given_up_where_nothing_is_computed(self) -> None:
        with self.assertRaises(ZeroDivisionError):
            self.bucket.cached("k", lambda: 1 // 0, ttl=MINUTE)
        self.assertEqual((cache_host.claimed, cache_host.values), (set(), {}))

    def test_a_cache_that_is_down_or_busy_keeps_nothing_from_anybody(self) -> None:
        self.assertEqual(self.bucket.cached("down", lambda: 1, ttl=MINUTE).value, 1)
        with self.bucket.fill("k") as claim:
            assert isinstance(claim, cache.Claim)
            self.assertEqual(self.bucket.cached("k", lambda: 2, ttl=MINUTE).value, 2)
            claim.complete(b"[1]", MINUTE)
        self.assertEqual(self.bucket.cached("k", lambda: 2, ttl=MINUTE).value, [1])

    def test_what_does_not_decode_is_computed_anew(self) -> None:
        cache_host.values["k"] = b"{"
        self.assertEqual(self.bucket.cached("k", lambda: 3, ttl=timedelta.max).value, 3)
        self.assertEqual(cache_host.values["k"], b"3")
        self.assertEqual(cache_host.ttls[-1], 30 * 24 * 60 * 60 * 1000)

    def test_wrong_arguments_never_reach_the_host(self) -> None:
        with self.assertRaises(TypeError):
            self.bucket.get(1)  # type: ignore[arg-type]
        with self.assertRaises(TypeError):
            self.bucket.get_many("ab")
        with self.assertRaises(UnicodeEncodeError):
            self.bucket.get("\udcff")
        with self.assertRaises(TypeError):
            self.bucket.set("a", "text", ttl=MINUTE)  # type: ignore[arg-type]
        with self.assertRaises(TypeError):
            self.bucket.set("a", b"", ttl=60)  # type: ignore[arg-type]
        with self.assertRaises(ValueError):
            self.bucket.add("a", 1 << 63, ttl=MINUTE)
        with self.assertRaises(TypeError):
            self.bucket.add("a", 1.5, ttl=MINUTE)  # type: ignore[arg-type]

    def test_bytes_of_any_kind_are_bytes(self) -> None:
        for value in [b"1", bytearray(b"1"), memoryview(b"1")]:
            self.bucket.set("a", value, ttl=MINUTE)
            self.assertEqual(self.bucket.get("a"), b"1")


class Sessions(unittest.TestCase):
    def setUp(self) -> None:
        session_host.sessions.clear()
        self.store = self.enterContext(session.Store.open("web", sliding=MINUTE))

    @staticmethod
    def count(fields: session.Fields) -> int:
        fields["n"] = fields.get("n", 0) + 1
        n: int = fields["n"]
        return n

    def test_a_change_is_written_where_nobody_was_faster(self) -> None:
        session_host.others[0] = 31
        self.assertEqual(self.store.update_with("ann", self.count), 1)
        self.assertEqual(self.store.update_with("ann", self.count), 2)
        session_host.others[0] = 32
        with self.assertRaises(satama.Contended):
            self.store.update_with("ann", self.count)

    def test_what_is_not_changed_stays_as_it_was_written(self) -> None:
        written = {"kept": Json("[1.50,  1E400]"), "n": Json(" 1"), "list": Json("[ 1]")}
        self.store.replace("ann", written)

        def change(fields: session.Fields) -> None:
            assert fields["kept"][0] == 1.5
            fields["n"] += 1
            fields["list"].append("ä")

        self.store.update_with("ann", change)
        snapshot = self.store.get("ann")
        assert snapshot is not None
        texts = {"kept": "[1.50,  1E400]", "n": "2", "list": '[1,"ä"]'}
        self.assertEqual(snapshot.fields.json(), texts)
        self.assertEqual(snapshot.expires_in, timedelta(seconds=1.5))

    def test_what_was_missing_may_be_changed_within(self) -> None:
        fields = session.Fields()
        fields.setdefault("seen", []).append("x")
        fields.setdefault("seen", []).append("y")
        self.assertEqual(fields.json(), {"seen": '["x","y"]'})

    def test_true_is_not_one(self) -> None:
        fields = session.Fields({"a": 1})
        fields["a"] = True
        self.assertEqual(fields.json(), {"a": "true"})
        nested = session.Fields({"a": [1]})
        nested["a"][0] = True
        self.assertEqual(nested.json(), {"a": "[true]"})

    def test_a_store_expires_in_one_way(self) -> None:
        with self.assertRaises(TypeError):
            session.Store.open("web")
        with self.assertRaises(TypeError):
            session.Store.open("web", sliding=MINUTE, fixed=MINUTE)
        with self.assertRaises(ValueError):
            self.store.replace("ann", {"a": float("nan")})


class Channels(unittest.TestCase):
    def setUp(self) -> None:
        self.store = self.enterContext(channel.Store.open("chat", ttl=MINUTE))

    def test_a_state_is_changed_where_nobody_was_faster(self) -> None:
        channel_host.others[0] = 1
        self.assertEqual(self.store.update_state("a", lambda n: (n or 0) + 1), 11)
        self.assertEqual(self.store.get_state("a").value, 11)
        channel_host.others[0] = 32
        with self.assertRaises(satama.Contended):
            self.store.update_state("a", lambda n: 1)

    def test_all_pages_are_read(self) -> None:
        self.assertEqual([entry.id for entry in self.store.all_channels()], ["a", "b", "n"])

    def test_a_message_is_text_or_bytes(self) -> None:
        self.store.send("a", "ä")
        self.store.send("a", bytearray(b"1"))
        types = [type(message).__name__ for message in channel_host.sent]
        self.assertEqual(types, ["Message_Text", "Message_Binary"])
        with self.assertRaises(TypeError):
            self.store.send("a", 1)  # type: ignore[arg-type]
