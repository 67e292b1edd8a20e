using CsCheck;
using Orleans.Raft.Storage.Provider;
using Orleans.Runtime;
using Xunit;

namespace Orleans.Raft.Storage.Tests.Provider;

public sealed class GrainStateMachineTests
{
    private const ulong Process = 0x51;
    private static readonly RaftGroupId Group = new("raft", 0);

    public enum Stored
    {
        Nothing,
        State,
        Tombstone,
    }

    public enum Passed
    {
        Null,
        Current,
        Stale,
        Foreign,
    }

    // The contract of Orleans' providers, row by row: what is stored, which ETag is passed, whether a write or clear may happen.
    [Theory]
    [InlineData(Stored.Nothing, Passed.Null, true)]
    [InlineData(Stored.Nothing, Passed.Stale, false)]
    [InlineData(Stored.Nothing, Passed.Foreign, false)]
    [InlineData(Stored.State, Passed.Null, false)]
    [InlineData(Stored.State, Passed.Current, true)]
    [InlineData(Stored.State, Passed.Stale, false)]
    [InlineData(Stored.State, Passed.Foreign, false)]
    [InlineData(Stored.Tombstone, Passed.Null, false)]
    [InlineData(Stored.Tombstone, Passed.Current, true)]
    [InlineData(Stored.Tombstone, Passed.Stale, false)]
    [InlineData(Stored.Tombstone, Passed.Foreign, false)]
    public void A_command_is_accepted_exactly_if_its_ETag_is_the_stored_one(Stored stored, Passed passed, bool accepted)
    {
        foreach (var kind in new[] { GrainCommandKind.Write, GrainCommandKind.Clear, GrainCommandKind.Delete })
        {
            var machine = new Machine();
            var stale = machine.Send(GrainCommandKind.Write, 1, Expectation.Absent).Record!.Value.Version;
            var current = machine.Send(GrainCommandKind.Write, 1, Expectation.Exactly(stale)).Record!.Value.Version;
            if (stored is Stored.Nothing)
            {
                machine.Send(GrainCommandKind.Delete, 1, Expectation.Exactly(current));
            }
            else if (stored is Stored.Tombstone)
            {
                current = machine.Send(GrainCommandKind.Clear, 1, Expectation.Exactly(current)).Record!.Value.Version;
            }

            var before = machine.Read(1);
            var answer = machine.Send(kind, 1, passed switch
            {
                Passed.Null => Expectation.Absent,
                Passed.Current => Expectation.Exactly(current),
                Passed.Stale => Expectation.Exactly(stale),
                Passed.Foreign => Expectation.Parse("from another provider"),
                _ => throw new ArgumentOutOfRangeException(nameof(passed)),
            });

            var success = kind is GrainCommandKind.Write ? GrainVerdict.Written : GrainVerdict.Cleared;
            Assert.Equal(accepted ? success : GrainVerdict.Conflict, answer.Verdict);
            if (!accepted)
            {
                Assert.Equal(before?.Version, answer.Record?.Version);
                Assert.Equal(before?.Version, machine.Read(1)?.Version);
            }
        }
    }

    [Fact]
    public void The_ETag_is_the_commands_position_under_the_groups_incarnation_from_the_meta_group()
    {
        var incarnation = GroupFacts.AtBirth(LocalGroup.Single).Incarnation;
        var answer = Decode(new LocalGroup(LocalGroup.Single).ApplyAlone(new CommandPosition(7, 500, 3), Write(1).Encode()));
        Assert.Equal($"500.3-{incarnation:x16}", answer.Record!.Value.Version.ToString());
    }

    [Fact]
    public void A_group_born_again_does_not_accept_the_ETags_of_its_former_life()
    {
        var former = Decode(new LocalGroup(LocalGroup.BirthOf(0, 1, cluster: 1)).ApplyAlone(new CommandPosition(1, 1, 0), Write(1).Encode()));
        var etag = former.Record!.Value.Version;
        var reborn = new LocalGroup(LocalGroup.BirthOf(0, 1, cluster: 2));
        reborn.ApplyAlone(new CommandPosition(1, 1, 0), Write(1).Encode());
        var again = Machine.Command(GrainCommandKind.Write, 1, Expectation.Exactly(etag), new OperationId(Process, 2)).Encode();
        Assert.Equal(GrainVerdict.Conflict, Decode(reborn.ApplyAlone(new CommandPosition(1, 2, 0), again)).Verdict);
    }

    [Fact]
    public void The_machine_keeps_no_slice_of_a_commands_bytes()
    {
        var machine = new LocalGroup(LocalGroup.Single);
        var bytes = Write(1).Encode();
        machine.ApplyAlone(new CommandPosition(1, 1, 0), bytes);
        Array.Fill(bytes, (byte)0x67);
        var record = Decode(machine.Query(GrainQuery.Get(0, 1, Machine.Key(1)).Encode())).Record;
        Assert.Equal(record!.Value.Checksum, GrainCommand.ChecksumOf(record.Value.Payload.Span));
    }

    [Fact]
    public void A_command_or_read_for_a_slot_that_the_group_does_not_own_is_refused()
    {
        var machine = new LocalGroup(LocalGroup.BirthOf(2, 8));
        var position = new CommandPosition(1, 1, 0);
        GrainVerdict Send(ushort slot, ushort groups) =>
            Decode(machine.ApplyAlone(position, (Write(1) with { Slot = slot, Groups = groups }).Encode())).Verdict;
        GrainVerdict Read(ushort slot, ushort groups) => Decode(machine.Query(GrainQuery.Get(slot, groups, Machine.Key(1)).Encode())).Verdict;

        Assert.Equal(GrainVerdict.NotOwned, Read(slot: 1023, groups: 8));
        Assert.Equal(GrainVerdict.NotOwned, Send(slot: 1023, groups: 8));
        Assert.Equal(GrainVerdict.Written, Send(slot: 1024, groups: 8));
        Assert.Equal(GrainVerdict.NotOwned, Send(slot: 1536, groups: 8));
        Assert.Equal(GrainVerdict.NotOwned, Send(slot: 1024, groups: 9));
        Assert.Equal(GrainVerdict.Read, Read(slot: 1024, groups: 8));
        Assert.Equal(GrainVerdict.NotOwned, Read(slot: 512, groups: 4));
    }

    [Fact]
    public void Every_slot_is_owned_by_exactly_the_group_to_which_it_is_sent()
    {
        foreach (var groups in new[] { 1, 2, 3, 7, 16, 1000, GrainSlot.Count })
        {
            var facts = Enumerable.Range(0, groups).Select(index => GroupFacts.AtBirth(LocalGroup.BirthOf(index, groups))).ToArray();
            for (ushort slot = 0; slot < GrainSlot.Count; slot++)
            {
                Assert.True(facts[SlotMap.GroupOf(slot, groups)].Owns(slot));
            }

            Assert.Equal(GrainSlot.Count, facts.Sum(group => group.Slots.Sum(range => range.Last - range.First + 1)));
        }
    }

    // Few keys and short entries, so that an entry repeats a key and adjacent entries do (SAFETY-RULES A13).
    [Fact]
    public void Verdicts_of_repeated_keys_in_one_entry_and_in_adjacent_ones_follow_from_the_command_before()
    {
        var step = Gen.Select(Gen.Int[0, 2], Gen.Int[1, 3], Gen.Int[0, 3], Gen.Int[0, 3]);
        step.List[1, 60].Sample(steps =>
        {
            var machine = new Machine();
            var replica = new Machine();
            var seen = new Dictionary<int, List<RecordVersion>>();
            var current = new Dictionary<int, RecordVersion>();
            foreach (var (key, kindNumber, age, ends) in steps)
            {
                if (ends > 0)
                {
                    // Batches are each replica's own affair: one ends its batch here, the other only sometimes.
                    machine.NextEntry(endsBatch: true);
                    replica.NextEntry(endsBatch: ends == 3);
                }

                var kind = (GrainCommandKind)kindNumber;
                var history = seen.TryGetValue(key, out var list) ? list : seen[key] = [];
                var expectation = age >= history.Count ? Expectation.Absent : Expectation.Exactly(history[^(age + 1)]);
                var mayHappen = current.TryGetValue(key, out var now) ? expectation.Version == now : expectation.AcceptsAbsence;

                var answer = machine.Send(kind, key, expectation);
                Assert.Equal(answer.Encode(), replica.Send(kind, key, expectation).Encode());
                Assert.Equal(mayHappen, answer.Verdict is not GrainVerdict.Conflict);
                if (!mayHappen)
                {
                    continue;
                }

                if (answer.Record is { } record)
                {
                    Assert.DoesNotContain(record.Version, history);
                    history.Add(record.Version);
                    current[key] = record.Version;
                }
                else
                {
                    current.Remove(key);
                }

            }

            foreach (var (key, version) in current)
            {
                Assert.Equal(version, machine.Read(key)?.Version);
                Assert.Equal(version, replica.Read(key)?.Version);
            }
        }, iter: 2_000);
    }

    [Fact]
    public void Of_many_writers_with_one_ETag_in_one_entry_exactly_one_wins()
    {
        var machine = new Machine();
        var etag = machine.Send(GrainCommandKind.Write, 1, Expectation.Absent).Record!.Value.Version;
        machine.NextEntry();
        var verdicts = Enumerable.Range(0, 64).Select(_ => machine.Send(GrainCommandKind.Write, 1, Expectation.Exactly(etag)).Verdict).ToList();
        Assert.Equal(GrainVerdict.Written, verdicts[0]);
        Assert.All(verdicts.Skip(1), verdict => Assert.Equal(GrainVerdict.Conflict, verdict));
    }

    [Fact]
    public void A_listing_gives_every_existing_record_once_in_order_whatever_the_page_size()
    {
        var machine = new Machine();
        foreach (var key in Enumerable.Range(0, 200).OrderBy(key => key * 7919 % 200))
        {
            var written = machine.Send(GrainCommandKind.Write, key, Expectation.Absent).Record!.Value.Version;
            if (key % 5 == 0)
            {
                machine.Send(key % 2 == 0 ? GrainCommandKind.Clear : GrainCommandKind.Delete, key, Expectation.Exactly(written));
            }
        }

        var expected = Enumerable.Range(0, 200).Where(key => key % 5 != 0).Select(Machine.Key).ToList();
        foreach (var pageBytes in new[] { 0, 100, 1 << 20 })
        {
            Assert.Equal(expected, machine.ListAll(pageBytes));
        }

        Assert.Empty(new Machine().ListAll(100));
    }

    private static GrainAnswer Decode(ReadOnlyMemory<byte> answer) => GrainAnswer.Decode(Group, answer);

    private static GrainCommand Write(int key) => Machine.Command(GrainCommandKind.Write, key, Expectation.Absent, new OperationId(Process, 1));

    private sealed class Machine
    {
        private readonly LocalGroup _machine = new(LocalGroup.Single);
        private CommandPosition _next = new(1, 1, 0);
        private ulong _operations;

        public static byte[] Key(int number) => RecordKey.Create(GrainId.Create("cart", $"{number:d4}"), "s");

        public static GrainCommand Command(GrainCommandKind kind, int key, Expectation expectation, OperationId operation)
        {
            byte[] payload = kind is GrainCommandKind.Write ? [(byte)key, (byte)operation.Number] : [];
            return new GrainCommand(kind, 0, 1, operation, expectation, Key(key), GrainCommand.ChecksumOf(payload), payload);
        }

        /// <summary>Ends the entry, and by choice the batch with it: adjacent entries may be applied in one batch.</summary>
        public void NextEntry(bool endsBatch = false)
        {
            if (endsBatch)
            {
                _machine.Commit(_next.Index);
            }

            _next = new CommandPosition(1, _next.Index + 1, 0);
        }

        public GrainAnswer Send(GrainCommandKind kind, int key, Expectation expectation)
        {
            var command = Command(kind, key, expectation, new OperationId(Process, ++_operations));
            var answer = GrainAnswer.Decode(Group, _machine.Apply(_next, command.Encode()));
            _next = _next with { Offset = _next.Offset + 1 };
            return answer;
        }

        /// <summary>Ends the batch, after which queries see it, and reads.</summary>
        public GrainRecord? Read(int key)
        {
            NextEntry(endsBatch: true);
            return Peek(key);
        }

        /// <summary>What queries see.</summary>
        public GrainRecord? Peek(int key) => GrainAnswer.Decode(Group, _machine.Query(GrainQuery.Get(0, 1, Key(key)).Encode())).Record;

        public List<byte[]> ListAll(int pageBytes)
        {
            NextEntry(endsBatch: true);
            var keys = new List<byte[]>();
            GrainPage page;
            do
            {
                page = GrainPage.Decode(Group, _machine.Query(GrainQuery.List(keys.LastOrDefault(), pageBytes).Encode()));
                keys.AddRange(page.Records.Select(item => item.Key.ToArray()));
            }
            while (!page.IsLast);
            return keys;
        }
    }
}
