#!/usr/bin/env python3
"""Kiểm tra một gói chứng cứ của dondoc. Chỉ cần Python 3.8 trở lên; không cần mạng, không cần cài thêm gì.

Cách dùng:
    python3 kiem-tra.py                         kiểm tra thư mục chứa tệp này (gói đã giải nén)
    python3 kiem-tra.py GOI.zip                 kiểm tra gói nén
    python3 kiem-tra.py GOI.zip --doi-chung TEP so với đối chứng giữ ở nơi khác (mỗi dòng: "số-mục mã-băm")
    python3 kiem-tra.py GOI.zip --sha256 MA     so mã SHA-256 của cả tệp nén với mã trong sổ (mục evidence.packed)

Mã kết thúc: 0 không thấy sai; 1 thấy sai (dòng "SAI" đầu tiên nói sai ở đâu); 2 gọi sai hoặc không đọc được gói.
"""
# ruff: noqa: UP017 - datetime.UTC is younger than Python 3.8

from __future__ import annotations

import hashlib
import io
import json
import os
import re
import sys
import zipfile
from datetime import datetime, timedelta, timezone

GENESIS = "0" * 64
FIELDS = {"seq", "at", "kind", "plan", "occurrence", "actor", "run", "body", "prev", "hash"}
LARGEST = 2**53 - 1
LONGEST_LINE = 256 * 1024 * 1024
JUNK = {".DS_Store", "Thumbs.db", "desktop.ini"}  # hệ điều hành tự đặt vào thư mục giải nén
SAFE = re.compile(r"(?:[A-Za-z0-9][A-Za-z0-9._-]*/)*[A-Za-z0-9][A-Za-z0-9._-]*")
SHORT = {8: "b", 9: "t", 10: "n", 12: "f", 13: "r", 34: '"', 92: "\\"}
ENDS = {
    "occurrence.accepted": "done", "occurrence.waived": "waived",
    "occurrence.superseded": "superseded", "occurrence.missed": "missed",
}  # fmt: skip


class Wrong(Exception):
    """Điều sai đầu tiên tìm thấy."""


# -- JSON chuẩn tắc (RFC 8785), viết riêng cho tệp này ---------------------------------------------------


def quoted(text):
    out = ['"']
    for c in text:
        code = ord(c)
        if code in SHORT:
            out.append("\\" + SHORT[code])
        elif code < 0x20:
            out.append(f"\\u{code:04x}")
        else:
            out.append(c)
    return "".join(out) + '"'


def canonical(value):
    if value is None or value is True or value is False:
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, str):
        return quoted(value)
    if isinstance(value, int):
        if abs(value) > LARGEST:
            raise Wrong("có số nguyên quá lớn")
        return str(value)
    if isinstance(value, list):
        return "[" + ",".join([canonical(child) for child in value]) + "]"
    if isinstance(value, dict):
        keys = sorted(value, key=lambda key: key.encode("utf-16-be", "surrogatepass"))
        return "{" + ",".join([quoted(key) + ":" + canonical(value[key]) for key in keys]) + "}"
    raise Wrong("có kiểu giá trị sổ không dùng")


def sha_of(value):
    return hashlib.sha256(canonical(value).encode("utf-8")).hexdigest()


def once(pairs):
    found = dict(pairs)
    if len(found) != len(pairs):
        raise Wrong("có tên trường lặp lại")
    return found


def no_number(text):
    raise Wrong("có số không nguyên: " + text)


def parsed(line, where):
    try:
        return json.loads(line.decode("utf-8"), object_pairs_hook=once, parse_float=no_number, parse_constant=no_number)
    except Wrong as wrong:
        raise Wrong(f"{where}: {wrong}") from None
    except (ValueError, RecursionError):
        raise Wrong(f"{where} không phải JSON viết bằng UTF-8") from None


def strict(line, where):
    """Một dòng JSON đúng từng byte như dạng chuẩn tắc."""
    value = parsed(line, where)
    try:
        if canonical(value).encode("utf-8") != line:
            raise Wrong(f"{where} không ở dạng chuẩn tắc")
    except UnicodeEncodeError:
        raise Wrong(f"{where} có ký tự hỏng") from None
    return value


# -- đọc gói, nén hay đã giải nén ------------------------------------------------------------------------


class Pack:
    def __init__(self, path):
        self.zip = None if os.path.isdir(path) else zipfile.ZipFile(path)
        self.root = path
        if self.zip:
            self.names = self.zip.namelist()
            self._shape()
        else:
            self.names = []
            for folder, _, files in os.walk(path):
                for name in files:
                    if name not in JUNK:
                        whole = os.path.relpath(os.path.join(folder, name), path)
                        self.names.append(whole.replace(os.sep, "/"))
        if len(set(self.names)) != len(self.names):
            raise Wrong("gói có hai thành phần cùng tên")

    def _shape(self):
        if self.zip.comment:
            raise Wrong("tệp nén có phần ghi thêm ở cuối")
        for entry in self.zip.infolist():
            plain = (entry.create_system, entry.external_attr, entry.compress_type, entry.extra, entry.comment)
            if plain != (3, 0o100644 << 16, zipfile.ZIP_DEFLATED, b"", b"") and entry.file_size < 1 << 31:
                raise Wrong(f"thành phần {entry.filename} không được nén như gói gốc")
            if entry.date_time != self.zip.infolist()[0].date_time:
                raise Wrong(f"thành phần {entry.filename} mang ngày giờ khác các thành phần khác")

    def open(self, name):
        if self.zip:
            return io.BufferedReader(self.zip.open(name))
        return open(os.path.join(self.root, *name.split("/")), "rb")

    def lines(self, name):
        if name not in self.names:
            raise Wrong(f"thiếu thành phần {name}")
        with self.open(name) as content:
            number = 0
            while True:
                line = content.readline(LONGEST_LINE)
                if not line:
                    return
                number += 1
                if not line.endswith(b"\n"):
                    raise Wrong(f"{name}, dòng {number}: bị cắt")
                yield number, line[:-1]

    def object(self, name):
        if name not in self.names:
            raise Wrong(f"thiếu thành phần {name}")
        with self.open(name) as content:
            return parsed(content.read(LONGEST_LINE), name)

    def foreign(self, name):
        """JSON không do sổ viết: có thể có số lẻ."""
        with self.open(name) as content:
            return json.loads(content.read(LONGEST_LINE).decode("utf-8"))

    def hashed(self, name, limit):
        hashing, size = hashlib.sha256(), 0
        with self.open(name) as content:
            while size <= limit:
                chunk = content.read(1 << 20)
                if not chunk:
                    break
                hashing.update(chunk)
                size += len(chunk)
        return hashing.hexdigest(), size


def check_manifest(pack):
    listed, original, before = {}, {}, ""
    for number, line in pack.lines("MANIFEST.jsonl"):
        where = f"MANIFEST.jsonl, dòng {number}"
        entry = strict(line, where)
        if not isinstance(entry, dict) or not {"path", "sha256", "size"} <= set(entry) <= {
            "path",
            "sha256",
            "size",
            "name",
        }:
            raise Wrong(f"{where} không đúng mẫu")
        path = entry["path"]
        if not isinstance(path, str) or not SAFE.fullmatch(path) or path <= before:
            raise Wrong(f"{where}: đường dẫn lạ hoặc không đúng thứ tự")
        before = path
        if path not in pack.names:
            raise Wrong(f"thiếu thành phần {path}")
        if pack.hashed(path, entry["size"]) != (entry["sha256"], entry["size"]):
            raise Wrong(f"{path} không còn như khi lập gói (khác kích thước hoặc mã SHA-256 trong MANIFEST.jsonl)")
        listed[path] = entry["sha256"]
        if "name" in entry:
            original[path] = entry["name"]
    strange = sorted(set(pack.names) - set(listed) - {"MANIFEST.jsonl"})
    if strange:
        raise Wrong(f"có thành phần không nằm trong danh sách: {strange[0]}")
    return listed, original


# -- sổ chứng cứ -----------------------------------------------------------------------------------------


def zone_of(name):
    if name == "Asia/Ho_Chi_Minh":
        return timezone(timedelta(hours=7))
    try:
        from zoneinfo import ZoneInfo

        return ZoneInfo(name)
    except Exception:  # Python cũ hoặc máy không có danh sách múi giờ
        raise Wrong(f"máy này không biết múi giờ {name}; hãy dùng Python 3.9 trở lên có tzdata") from None


def local_day(entry, zone):
    moment = datetime.strptime(entry["at"], "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=timezone.utc)
    return moment.astimezone(zone).date().isoformat()


class Occurrence:
    def __init__(self, row):
        self.dues = {row["due"]} if row["due"] else set()
        self.documents = set()
        self.due = self.original = row["due"]
        self.opens = row["opens"]
        self.versions = []
        self.opened = self.submitted = False
        self.submitted_on = self.signed = self.document = None
        self.extensions = 0
        self.status = "before_adoption" if row["before_adoption"] else "gated" if row["event"] else "planned"

    @property
    def ended(self):
        return self.status in ("done", "waived", "superseded", "missed", "before_adoption")


class Ledger:
    """Đọc cả sổ một lượt: chuỗi băm, danh mục kỳ, kết quả từng kỳ. Giữ trong bộ nhớ danh mục, không giữ cả sổ."""

    def __init__(self):
        self.seq, self.hash, self.at = 0, GENESIS, ""
        self.zones, self.versions, self.occurrences, self.notices, self.leaving = {}, {}, {}, set(), set()

    def link(self, line, number):
        where = f"so-chung-cu/toan-bo.jsonl, dòng {number}"
        entry = strict(line, where)
        if not isinstance(entry, dict) or set(entry) != FIELDS or not isinstance(entry["body"], dict):
            raise Wrong(f"{where}: mục không có đúng các trường của sổ")
        if type(entry["seq"]) is not int or entry["seq"] != self.seq + 1:
            raise Wrong(f"{where}: lẽ ra là mục {self.seq + 1}; có mục bị bỏ, thêm hoặc đổi chỗ")
        if entry["prev"] != self.hash:
            raise Wrong("mục {} không nối với mục trước: một trong hai mục đã bị sửa".format(entry["seq"]))
        if sha_of({key: entry[key] for key in entry if key != "hash"}) != entry["hash"]:
            raise Wrong("mục {}: nội dung không khớp mã băm, đã bị sửa sau khi ghi".format(entry["seq"]))
        self.seq, self.hash, self.at = entry["seq"], entry["hash"], entry["at"]
        try:
            self.fold(entry)
        except (KeyError, TypeError, ValueError, AttributeError):
            raise Wrong("mục {} ({}) thiếu nội dung phải có".format(entry["seq"], entry["kind"])) from None
        return entry

    def fold(self, entry):
        kind, body, plan = entry["kind"], entry["body"], entry["plan"]
        if kind in ("plan.adopted", "plan.amended"):
            self.register(entry)
        elif kind == "event.recorded" and "register" in body:
            self.added(entry)
        elif kind == "plan.closed":
            for key, known in self.occurrences.items():
                if key.startswith(plan + "/") and not known.ended:
                    raise Wrong("mục {} đóng kế hoạch khi {} chưa có kết quả".format(entry["seq"], key))
        if entry["occurrence"] is None:
            return
        known = self.occurrences.get(entry["occurrence"])
        if known is None or not entry["occurrence"].startswith(plan + "/"):
            raise Wrong("mục {} nói về kỳ không có trong danh mục: {}".format(entry["seq"], entry["occurrence"]))
        if isinstance(body.get("document"), str):
            known.documents.add(body["document"])
        if kind == "notice.queued":
            for recipient in body["recipients"]:
                key = "|".join((entry["occurrence"], body["checkpoint"], recipient))
                if key in self.notices:
                    raise Wrong("mục {}: một thông báo được ghi hai lần: {}".format(entry["seq"], key))
                self.notices.add(key)
        if kind.startswith("occurrence."):
            self.act(entry, kind, body, known)

    def register(self, entry):
        body, plan = entry["body"], entry["plan"]
        if sha_of(body["register"]) != body["register_sha256"]:
            raise Wrong("mục {}: danh mục kỳ không khớp mã băm của nó".format(entry["seq"]))
        if entry["kind"] == "plan.adopted":
            if plan in self.zones:
                raise Wrong("mục {}: kế hoạch {} được áp dụng hai lần".format(entry["seq"], plan))
            self.zones[plan] = zone_of(body["timezone"])
        elif body["was"] != self.versions[plan][-1]:
            raise Wrong("mục {} điều chỉnh một bản kế hoạch khác bản đang áp dụng".format(entry["seq"]))
        self.versions.setdefault(plan, []).append(body["digest"])
        kept = {row["id"] for row in body["register"]}
        self.leaving.update(key for key in self.occurrences if key.startswith(plan + "/") and key not in kept)
        for row in body["register"]:
            if entry["kind"] == "plan.adopted" and row["id"] in self.occurrences:
                raise Wrong("mục {}: {} được đăng ký hai lần".format(entry["seq"], row["id"]))
            known = self.occurrences.setdefault(row["id"], Occurrence(row))
            known.dues.update([row["due"]] if row["due"] else [])
            known.versions.append(body["digest"])

    def added(self, entry):
        """Sự kiện lặp lại: mỗi lần xảy ra thêm kỳ mới vào danh mục."""
        body = entry["body"]
        if sha_of(body["register"]) != body["register_sha256"]:
            raise Wrong("mục {}: danh mục kỳ không khớp mã băm của nó".format(entry["seq"]))
        for row in body["register"]:
            if row["id"] in self.occurrences:
                raise Wrong("mục {}: {} được đăng ký hai lần".format(entry["seq"], row["id"]))
            known = self.occurrences[row["id"]] = Occurrence(row)
            known.versions.append(self.versions[entry["plan"]][-1])

    def act(self, entry, kind, body, known):
        if known.ended:
            raise Wrong("mục {}: {} sau khi kỳ đã có kết quả".format(entry["seq"], kind))
        if kind == "occurrence.opened":
            if known.opened:
                raise Wrong("mục {} mở lại một kỳ đã mở".format(entry["seq"]))
            known.opened, known.opens, known.due = True, body["opens"], body["due"]
            known.original = known.original or body["due"]
            known.dues.add(body["due"])
            known.status = "open"
        elif kind == "occurrence.submitted":
            known.submitted, known.status = True, "submitted"
            known.submitted_on = min(local_day(entry, self.zones[entry["plan"]]), body.get("received") or "9999")
            known.signed, known.document = body.get("signed"), body.get("document")
        elif kind in ("occurrence.accepted", "occurrence.returned") and not known.submitted:
            raise Wrong("mục {}: duyệt hoặc trả lại khi chưa có kết quả nộp".format(entry["seq"]))
        elif kind == "occurrence.returned":
            known.submitted, known.status = False, "returned"
            known.submitted_on = known.signed = None
        elif kind == "occurrence.extended":
            known.due, known.extensions = body["until"], known.extensions + 1
            known.dues.add(body["until"])
        elif kind == "occurrence.amended" and "due" in body:
            known.opens, known.due, known.original = body["opens"], body["due"], body["due"]
            known.dues.update([body["due"]] if body["due"] else [])
        if kind in ENDS:
            known.status = ENDS[kind]

    def outcome(self, key):
        known = self.occurrences[key]
        if known.status == "done":
            finished = known.signed or known.submitted_on
            late = bool(known.due and finished and finished > known.due)
            return ("extended_" if known.extensions else "") + ("late" if late else "on_time")
        if known.ended:
            return known.status
        today = local_day({"at": self.at}, self.zones[key.split("/")[0]])
        owed = known.status in ("open", "returned") and known.due and today > known.due
        return "overdue" if owed else "open"


def names(value, wanted):
    if isinstance(value, str):
        return value in wanted
    if isinstance(value, dict):
        value = list(value.values())
    return isinstance(value, list) and any(names(child, wanted) for child in value)


def concerns(entry, wanted, plans):
    if entry["occurrence"] is not None:
        return entry["occurrence"] in wanted
    kind = entry["kind"]
    if kind.startswith(("calendar.", "delegation.")):
        return True
    if kind.startswith(("plan.", "event.")) and entry["plan"] in plans:
        return True
    return names(entry["body"], wanted)


# -- điều gói nói về mình, so với sổ ---------------------------------------------------------------------


def selected(ledger, about, plans_in_pack):
    wanted, chosen = about["selection"], []
    for key, known in ledger.occurrences.items():
        plan, item, obligation, period = key.split("/", 3)
        if wanted["plan"] not in ("", plan) or wanted["item"] not in ("", item):
            continue
        if wanted["first"] or wanted["last"]:
            first, last = wanted["first"] or "0000", wanted["last"] or "9999-99"
            if not any(first <= due <= last for due in known.dues):
                continue
        number = wanted["document"].casefold()
        if number and not any(number in document.casefold() for document in known.documents):
            continue
        if wanted["unit"]:
            leads = []
            for digest in known.versions:
                if digest not in plans_in_pack:
                    break
                for its in plans_in_pack[digest]["items"]:
                    if its["id"] == item:
                        leads += [lead for o in its["obligations"] if o["id"] == obligation for lead in o["lead"]]
            if "@" in period:  # mỗi đơn vị nộp một kết quả riêng
                leads = [period.partition("@")[2]]
            if not set(leads) & set(about["parties"]):
                continue
        chosen.append(key)
    return chosen


def check_plans(pack, ledger):
    known = {digest for digests in ledger.versions.values() for digest in digests}
    found = {}
    for name in pack.names:
        if name.startswith("ke-hoach/"):
            body = pack.object(name)
            digest = sha_of(body)
            if digest not in known:
                raise Wrong(f"{name} không phải bản kế hoạch nào trong sổ")
            found[digest] = body
    return found


def check_register(pack, ledger, about, plans_in_pack):
    rows = [strict(line, f"danh-muc.jsonl, dòng {number}") for number, line in pack.lines("danh-muc.jsonl")]
    chosen = selected(ledger, about, plans_in_pack)
    listed = [row["id"] for row in rows]
    for key in chosen:
        if key not in listed:
            raise Wrong(f"danh-muc.jsonl thiếu kỳ {key}, có trong danh mục của sổ")
    if listed != chosen:
        raise Wrong("danh-muc.jsonl có kỳ thừa, lặp hoặc sai thứ tự")
    for row in rows:
        known = ledger.occurrences[row["id"]]
        said = {
            "status": known.status, "outcome": ledger.outcome(row["id"]), "due": known.due, "opens": known.opens,
            "original_due": known.original, "document": known.document, "submitted_on": known.submitted_on,
            "signed_on": known.signed,
        }  # fmt: skip
        for field, value in said.items():
            if row[field] != value:
                raise Wrong("danh-muc.jsonl: {} ghi {} = {}, theo sổ là {}".format(row["id"], field, row[field], value))
        if row["page"] not in pack.names:
            raise Wrong("thiếu thành phần {}".format(row["page"]))
        for digest in known.versions:
            if digest not in plans_in_pack:
                raise Wrong("thiếu bản kế hoạch {}… của {}".format(digest[:16], row["id"]))
    return frozenset(chosen)


class Named:
    """Những gì các mục trong phần trích nêu tên: thư, tệp, lượt chạy."""

    def __init__(self, pack, listed, original):
        self.pack, self.listed, self.original = pack, listed, original
        self.mails, self.files, self.runs = {}, {}, set()
        self.redacted = 0

    def take(self, entry):
        body = entry["body"]
        if entry["run"]:
            self.runs.add(entry["run"])
        if entry["occurrence"] is None:
            return
        if body.get("mail_sha256"):
            known = self.mails.setdefault(body["mail_sha256"], (body["message_id"], body["address"], []))
            known[2].append({"seq": entry["seq"], "kind": entry["kind"], "reply": body.get("reply")})
        if entry["kind"] == "mail.received":
            self.files[entry["seq"], 0] = (body["sha256"], "thu-den.eml", body.get("size"))
        for number, file in enumerate(body.get("files") or [], 1):
            self.files[entry["seq"], number] = (file["sha256"], file["name"], file.get("size"))

    def shown(self, row):
        """Mã băm của thành phần trong gói: bản như đã gửi, hoặc bản đã che liên kết còn trả lời được."""
        if "redacted" not in row:
            return row["sha256"]
        self.redacted += 1
        return row["redacted"]["sha256"]

    def check(self, about):
        left = dict(self.mails)
        for number, line in self.pack.lines("thu.jsonl"):
            row = strict(line, f"thu.jsonl, dòng {number}")
            if left.pop(row["sha256"], None) != (row["message_id"], row["address"], row["entries"]):
                raise Wrong(f"thu.jsonl, dòng {number}: không đúng như các mục trong sổ")
            self.whole(row["path"], self.shown(row), "thư", row["entries"][0]["seq"])
        if left:
            raise Wrong("thu.jsonl thiếu thư của mục {}".format(min(each[2][0]["seq"] for each in left.values())))
        files = dict(self.files)
        for number, line in self.pack.lines("tep.jsonl"):
            row = strict(line, f"tep.jsonl, dòng {number}")
            said = (row["sha256"], row["name"], row["size"])
            if files.pop((row["seq"], row["number"]), None) != said:
                raise Wrong(f"tep.jsonl, dòng {number}: không đúng như các mục trong sổ")
            self.whole(row["path"], self.shown(row), "tệp", row["seq"])
            if self.original.pop(row["path"], None) != row["name"]:
                raise Wrong("MANIFEST.jsonl ghi tên gốc của {} khác mục {}".format(row["path"], row["seq"]))
        if files:
            raise Wrong(f"tep.jsonl thiếu tệp của mục {min(files)[0]}")
        if self.original:
            raise Wrong(f"MANIFEST.jsonl ghi tên gốc cho {min(self.original)}, là tệp không mục nào nêu")
        inside = {name[8:-5] for name in self.pack.names if name.startswith("prefect/")}
        missing = set(about["prefect"]["missing"])
        if inside | missing != self.runs or inside & missing:
            raise Wrong("lượt chạy trong gói không khớp các lượt mà sổ nêu")
        for run in inside:
            if self.pack.foreign(f"prefect/{run}.json")["id"] != run:
                raise Wrong(f"prefect/{run}.json là của lượt chạy khác")
        return missing

    def whole(self, path, sha256, what, seq):
        if path not in self.listed:
            raise Wrong(f"thiếu {what} {path} mà mục {seq} nêu (kho không còn giữ khi lập gói, hoặc bị lấy khỏi gói)")
        if self.listed[path] != sha256:
            raise Wrong(f"{what} {path} không phải bản mà mục {seq} ghi (khác mã SHA-256)")


def check(pack, witness, say):
    listed, original = check_manifest(pack)
    say(f"Thành phần: {len(listed)}, đúng kích thước và mã SHA-256 trong MANIFEST.jsonl.")
    about, ledger, seen = pack.object("goi.json"), Ledger(), {}
    for number, line in pack.lines("so-chung-cu/toan-bo.jsonl"):
        ledger.link(line, number)
        if ledger.seq in witness:
            seen[ledger.seq] = ledger.hash
    if about["head"] != {"seq": ledger.seq, "hash": ledger.hash, "at": ledger.at}:
        raise Wrong("sổ trong gói không kết thúc ở mục mà goi.json nêu: đuôi sổ bị cắt hoặc nối thêm")
    if pack.zip:
        dated = [int(part) for part in re.split("[-T:]", ledger.at[:16])]
        if pack.zip.infolist()[0].date_time[:5] != tuple(dated):
            raise Wrong("ngày giờ trong tệp nén không phải ngày giờ của mục cuối")
    say(f"Sổ chứng cứ: {ledger.seq} mục nối đúng thứ tự, mục cuối {ledger.hash}.")
    for seq, known in sorted(witness.items()):
        if seq > ledger.seq:
            say(f"Đối chứng biết mục {seq}, sau mục cuối của gói: gói lập trước đó, hoặc sổ bị cắt đuôi.")
        elif seen[seq] != known:
            raise Wrong(f"mục {seq} có mã băm khác đối chứng: sổ đã bị viết lại")
    if witness:
        say(f"Đối chứng: {len(seen)} mục so được, đều khớp.")
    for key in sorted(ledger.leaving):
        if not ledger.occurrences[key].ended:
            raise Wrong(f"{key} rời danh mục mà không có kết quả")
    wanted = check_register(pack, ledger, about, check_plans(pack, ledger))
    say(
        f"Danh mục: {len(wanted)} kỳ được chọn trên {len(ledger.occurrences)} kỳ của sổ, đủ, mỗi kỳ một kết quả đúng như sổ."
    )
    plans = {key.split("/")[0] for key in wanted}
    numbers, named, count = pack.lines("so-chung-cu/trich.txt"), Named(pack, listed, original), 0
    for _, line in pack.lines("so-chung-cu/toan-bo.jsonl"):
        entry = json.loads(line.decode("utf-8"))
        if concerns(entry, wanted, plans):
            if next(numbers, (0, b""))[1] != b"%d" % entry["seq"]:
                raise Wrong("so-chung-cu/trich.txt thiếu mục {} hoặc có mục thừa trước đó".format(entry["seq"]))
            count += 1
            named.take(entry)
    if next(numbers, None) is not None:
        raise Wrong("so-chung-cu/trich.txt có mục thừa ở cuối")
    if (about["entries"], about["occurrences"]) != (count, len(wanted)):
        raise Wrong("goi.json ghi sai số mục hoặc số kỳ")
    say(f"Phần trích: {count} mục, đủ và đúng những mục liên quan.")
    missing = named.check(about)
    say(
        f"Thư: {len(named.mails) - named.redacted} bản gốc đúng mã SHA-256 ghi trong sổ. Tệp nộp: {len(named.files)}, đúng."
    )
    if named.redacted:
        say(f"{named.redacted} thư trong gói là bản đã che liên kết còn trả lời được: sổ giữ mã băm của bản như đã gửi, người nhận thư giữ bản để đối chiếu.")  # fmt: skip
    say(f"Lượt chạy Prefect: có {len(named.runs) - len(missing)} trong gói, {len(missing)} không có (gói nói rõ). Phần này không nằm trong chuỗi băm.")  # fmt: skip


def read_witness(path):
    """Tệp có thể đã mở và lưu lại bằng Notepad (có BOM, UTF-16), hoặc chép từ thư (có dấu > đầu dòng)."""
    found = {}
    with open(path, "rb") as file:
        content = file.read()
    utf16 = content.startswith((b"\xff\xfe", b"\xfe\xff"))
    for line in content.decode("utf-16" if utf16 else "utf-8-sig").splitlines():
        parts = line.lstrip("> \t\u00a0").split()
        if parts and not parts[0].startswith("#"):
            found[int(parts[0])] = parts[1].lower()
    return found


def main(arguments):
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    rest, options = [], {}
    arguments = list(arguments)
    while arguments:
        given = arguments.pop(0)
        if given in ("--doi-chung", "--sha256") and arguments:
            options[given] = arguments.pop(0)
        elif given.startswith("-") or rest:
            print(__doc__)
            return 0 if given in ("-h", "--help") else 2
        else:
            rest.append(given)
    path = rest[0] if rest else os.path.dirname(os.path.abspath(__file__))
    try:
        witness = read_witness(options["--doi-chung"]) if "--doi-chung" in options else {}
        if not os.path.exists(path):
            print(f"Không có {path}.", file=sys.stderr)
            return 2
    except (OSError, ValueError, IndexError):
        print("Không đọc được tệp đối chứng; mỗi dòng phải là: số-mục mã-băm.", file=sys.stderr)
        return 2
    try:
        if "--sha256" in options and not os.path.isdir(path):
            with open(path, "rb") as content:
                if hashlib.sha256(content.read()).hexdigest() != options["--sha256"].lower():
                    raise Wrong("mã SHA-256 của tệp nén khác mã đã cho")
            print("Mã SHA-256 của tệp nén: đúng mã đã cho.")
        check(Pack(path), witness, print)
    except Wrong as wrong:
        print(f"SAI: {wrong}")
        return 1
    except (zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError, OSError) as error:
        print(f"SAI: không đọc được gói, tệp nén hỏng hoặc bị cắt ({error})")
        return 1
    except (KeyError, TypeError, ValueError, AttributeError, IndexError, RecursionError, zipfile.zlib.error) as error:
        print(f"SAI: một thành phần không đúng mẫu ({type(error).__name__}: {error})")
        return 1
    print("KHÔNG THẤY SAI: gói còn nguyên và đủ. Báo cáo (index.html, bao-cao.pdf) chỉ để đọc; bằng chứng là sổ.")
    if not witness:
        print("Lưu ý: chuỗi băm không cho thấy cả sổ bị viết lại; xin so mục cuối với đối chứng giữ ở nơi khác.")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
