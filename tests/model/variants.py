"""The protocol, and ways to break it: each has to be noticed, or the check is worth nothing."""

from dataclasses import dataclass

from handler.aws.backlogs import DynamoDBBacklogs
from handler.aws.catalog import DynamoDBCatalog
from handler.aws.journal import DynamoDBJournal
from handler.aws.pairs import DynamoDBPairs
from handler.dedup import Deduplicator
from handler.filing import Filer
from handler.journal import CollectionJournal
from handler.lists import Lister
from handler.looks import Looks
from handler.search import Search
from tests.model import broken
from tests.model.replay import Client, Replay


@dataclass(frozen=True, slots=True)
class Variant:
    """The parts that deliveries are run with."""

    name: str
    client: type[Client] = Client
    catalog: type[DynamoDBCatalog] = DynamoDBCatalog
    pairs: type[DynamoDBPairs] = DynamoDBPairs
    replay: type[Replay] = Replay
    journal: type[DynamoDBJournal] = DynamoDBJournal
    backlogs: type[DynamoDBBacklogs] = DynamoDBBacklogs
    filer: type[Filer] = Filer
    collection_journal: type[CollectionJournal] = CollectionJournal
    search: type[Search] = Search
    looks: type[Looks] = Looks
    deduplicator: type[Deduplicator] = Deduplicator
    lister: type[Lister] = Lister


REAL = Variant("the protocol")
STORES_FIRST = Variant("an entry of a list that is stored before it is filed", lister=broken.StoresBeforeItFiles)
CLEANS_UP = Variant("an entry of a list whose holder goes with it", lister=broken.CleansUp)
EVENTUAL_PROBES = Variant("eventually consistent probes", client=broken.EventualProbes)
EVENTUAL_HOLDERS = Variant("eventually consistent look-up of holders", client=broken.EventualHolders)
UNAWAITED_WRITES = Variant("probes before the writes are acknowledged", replay=broken.Unawaited)
NO_SEQUENCER_CONDITION = Variant("no sequencer condition", client=broken.Unconditional)
HOLDER_WITHOUT_VERSION = Variant("hash item without version", catalog=broken.HolderWithoutVersion)
CREATOR_PUBLISHES = Variant("only the creator of a pair publishes it", pairs=broken.CreatorPublishes)
WINNER_PUBLISHES = Variant("only the winner of the conditional write publishes", pairs=broken.WinnerPublishes)
FORGETS_PAIRS = Variant("a noted pair is looked at again", pairs=broken.ForgetsPairs)
SILENCES_PAIRS = Variant("a pair made quiet that somebody has noted", pairs=broken.SilencesPairs)
TELLS_QUIET_PAIRS = Variant("an upload that tells quiet pairs", pairs=broken.TellsQuietPairs)
FILES_ONCE = Variant("only the creator of a quiet pair files it", pairs=broken.FilesOnce)
WRAPS_IN_SILENCE = Variant("a quiet backfill that is so about uploads since", deduplicator=broken.WrapsInSilence)
NOTES_NOTHING = Variant("a quiet backfill that notes nothing", deduplicator=broken.NotesNothing)
NEVER_COMES_AGAIN = Variant("a picture whose search was not whole and is done", deduplicator=broken.NeverComesAgain)
COMES_AGAIN_ONCE = Variant("a picture that comes again once", deduplicator=broken.ComesAgainOnce)
GIVES_UP = Variant("a throttled look is given up", looks=broken.GivesUp)
CLEANING_BUCKETS = Variant("buckets are cleaned on delete", catalog=broken.CleaningBuckets)
EVENTUAL_TAIL = Variant("eventually consistent tail of the journal", client=broken.EventualTail)
EVENTUAL_VERDICTS = Variant("eventually consistent verdicts", client=broken.EventualVerdicts)
IGNORES_VERDICTS = Variant("what was decided is not asked", deduplicator=broken.IgnoresVerdicts)
OVERFILLING = Variant("an append that ignores that a segment is full", client=broken.Overfilling)
SILENT_SHARDS = Variant("a shard that nobody announced", journal=broken.SilentShards)
HASTY_CURSOR = Variant("a cursor that moves past a segment with room", collection_journal=broken.Hasty)
SEARCHES_FIRST = Variant(
    "reading the journal before the own entry is in it",
    collection_journal=broken.AppendsLate,
    search=broken.SearchesBeforeItAppends,
)
PACKS_TOO_EARLY = Variant("a pack of segments that still grow", collection_journal=broken.PacksTheLastSegment)
JOINS_WHAT_IS_THERE = Variant("a pack of those smaller ones that are there", collection_journal=broken.Joins)
KEEPS_TO_PACKS = Variant("a journal that is read by packs alone", collection_journal=broken.KeepsToPacks)
BLIND_VERIFICATION = Variant("matches are not checked for life", catalog=broken.BlindVerification)
EVENTUAL_BACKLOGS = Variant("eventually consistent backlogs", client=broken.EventualBacklogs)
EVENTUAL_SEGMENTS = Variant("eventually consistent segments of a backlog", client=broken.EventualSegments)
ASKS_FIRST = Variant("asking for a backlog before the own entry is written", filer=broken.AsksBeforeItAppends)
LEAVES_ITS_OWN = Variant("a picture that is not filed though a backlog was there", filer=broken.LeavesItsOwn)
NEVER_ASKS = Variant("buckets that are taken for full", search=broken.NeverAsks)
ASKS_AFTERWARDS = Variant("asking whether all is filed after the buckets were read", search=broken.AsksAfterwards)
ADVANCES_FIRST = Variant("a backlog that is filed after that is noted", collection_journal=broken.AdvancingJournal)
MEASURES_FIRST = Variant("a backlog measured before it was noted", collection_journal=broken.MeasuringJournal)
APPENDS_BESIDE = Variant("an entry beside its object item", filer=broken.AppendsBeside)
APPENDS_TOO_SOON = Variant("an entry before its hash is in the buckets", filer=broken.AppendsBeforeItIsNoted)
LEAPING = Variant("an answer that is taken for all that was appended", collection_journal=broken.Leaping)
LEARNS_AGAIN = Variant("an answer about an entry that was there", collection_journal=broken.LearnsAgain)
UNMARKED = Variant("a journal that is never marked", journal=broken.Unmarked)
FORGETS_MARKS = Variant("a mark that later segments lack", client=broken.ForgetsMarks)
MARKS_ANY = Variant("a mark of a segment that is full", journal=broken.MarksAnySegment)
MARKS_LATE = Variant("a backlog measured before its journal is marked", collection_journal=broken.LateMarkingJournal)
