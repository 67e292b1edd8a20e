using Orleans.Raft.Hosting;
using Orleans.Raft.Storage.Provider;
using Orleans.Runtime;
using Xunit;

namespace Orleans.Raft.Storage.Tests.Provider;

public sealed class FormatTests
{
    private static readonly RaftGroupId Group = new("raft", 0);
    private static readonly RecordVersion Version = new(0x1122334455667788, 500, 3);
    private static readonly OperationId Operation = new(0xaabbccddeeff0011, 9);
    private static readonly byte[] Key = RecordKey.Create(GrainId.Create("cart", "42"), "s");

    [Fact]
    public void The_bytes_of_a_write_never_change()
    {
        var expectation = Expectation.Exactly(Version).OrWrittenBy(Operation, deletes: true);
        byte[] payload = [.. "hello"u8];
        var bytes = new GrainCommand(
            GrainCommandKind.Write, 535, 16, Operation, expectation, Key, GrainCommand.ChecksumOf(payload), payload).Encode();
        Assert.Equal(
            "01" + "01" + "1702" + "1000" + "1100FFEEDDCCBBAA" + "0900000000000000"
            + "13" + "8877665544332211" + "F401000000000000" + "03000000" + "1100FFEEDDCCBBAA" + "0900000000000000"
            + "0B000000" + "0004" + "63617274" + "0001" + "73" + "3432"
            + "A36D9F887D82C726" + "68656C6C6F",
            Convert.ToHexString(bytes));
    }

    [Fact]
    public void The_bytes_of_clears_queries_and_answers_never_change()
    {
        var clear = new GrainCommand(GrainCommandKind.Clear, 1, 16, Operation, Expectation.Absent, Key, 0, default).Encode();
        Assert.Equal("0102010010001100FFEEDDCCBBAA0900000000000000010B0000000004636172740001733432", Convert.ToHexString(clear));
        Assert.Equal("0101170210000004636172740001733432", Convert.ToHexString(GrainQuery.Get(535, 16, Key).Encode()));
        Assert.Equal("0102000400000004636172740001733432", Convert.ToHexString(GrainQuery.List(Key, 1024).Encode()));
        var record = new GrainRecord(Version, Operation, true, 5, new byte[] { 1, 2 });
        Assert.Equal("0103001000", Convert.ToHexString(new GrainAnswer(GrainVerdict.Conflict, 16, null).Encode()));
        Assert.Equal(
            "01050310008877665544332211F401000000000000030000001100FFEEDDCCBBAA090000000000000005000000000000000102",
            Convert.ToHexString(new GrainAnswer(GrainVerdict.Read, 16, record).Encode()));
        Assert.Equal(
            "010501010000000B00000000046361727400017334328877665544332211F401000000000000030000001100FFEEDDCCBBAA09000000000000000500000000000000020000000102",
            Convert.ToHexString(new GrainPage([new KeyedRecord(Key, record)], IsLast: true).Encode()));
    }

    [Fact]
    public void The_bytes_of_exports_never_change()
    {
        var view = new Guid("00112233-4455-6677-8899-aabbccddeeff");
        Assert.Equal("01030004000033221100554477668899AABBCCDDEEFF0004636172740001733432", Convert.ToHexString(GrainQuery.Export(view, Key, 1024).Encode()));
        Assert.True(GrainQuery.TryDecode(GrainQuery.Export(view, Key, 1024).Encode(), out var query));
        Assert.Equal((view, 1024), (query.View, query.PageBytes));
        var page = new ExportPage(view, 7, Key, new GrainPage([], IsLast: true)).Encode();
        Assert.Equal("010533221100554477668899AABBCCDDEEFF07000000000000000B000000000463617274000173343201050100000000", Convert.ToHexString(page));
        Assert.Equal(7, ExportPage.Decode(Group, page).Index);
        Assert.Throws<RaftException>(() => ExportPage.Decode(Group, page.AsMemory(0, 20)));
    }

    [Fact]
    public void The_bytes_of_rows_never_change()
    {
        Assert.Equal("010004636172740001733432", Convert.ToHexString(RecordRow.KeyOf(Key)));
        Assert.Equal("00", Convert.ToHexString(RecordRow.FactsKey));
        var record = new GrainRecord(Version, Operation, true, 5, new byte[] { 1, 2 });
        Assert.Equal(
            "01" + "03" + "8877665544332211" + "F401000000000000" + "03000000" + "1100FFEEDDCCBBAA" + "0900000000000000" + "0500000000000000" + "0102",
            Convert.ToHexString(RecordRow.Encode(record)));
        var tombstone = record with { Exists = false, Payload = default };
        Assert.Equal("0100", Convert.ToHexString(RecordRow.Encode(tombstone, withPayload: false).AsSpan(0, 2)));
        var facts = GroupFacts.AtBirth(LocalGroup.BirthOf(2, 3));
        Assert.Equal("01" + "82583D7968EFC8D6" + "0300" + "0100" + "AB0AFF0F", Convert.ToHexString(facts.Encode()));
        Assert.Equal(facts.Encode(), GroupFacts.Decode(facts.Encode()).Encode());
    }

    [Fact]
    public void A_row_of_a_newer_format_is_refused_and_never_guessed_at()
    {
        Assert.Throws<NotSupportedException>(() => RecordRow.Decode(new byte[100]));
        Assert.Throws<NotSupportedException>(() => GroupFacts.Decode([2, 0]));
    }

    [Fact]
    public void A_cut_or_damaged_command_is_recognized()
    {
        byte[] payload = [1, 2, 3];
        var bytes = new GrainCommand(
            GrainCommandKind.Write, 1, 16, Operation, Expectation.Exactly(Version), Key, GrainCommand.ChecksumOf(payload), payload).Encode();
        Assert.True(GrainCommand.TryDecode(bytes, out _));
        for (var length = 0; length < bytes.Length; length++)
        {
            Assert.False(GrainCommand.TryDecode(bytes.AsMemory(0, length), out _), $"cut to {length} of {bytes.Length} bytes");
        }

        bytes[^1] ^= 1;
        Assert.False(GrainCommand.TryDecode(bytes, out _));
    }

    [Fact]
    public void Random_bytes_never_throw_out_of_the_state_machine_unless_they_claim_a_newer_format()
    {
        var random = new Random(20261124);
        var machine = new LocalGroup(LocalGroup.Single);
        for (var i = 0; i < 20_000; i++)
        {
            var bytes = new byte[random.Next(1, 80)];
            random.NextBytes(bytes);
            bytes[0] = (byte)random.Next(0, 2);
            machine.ApplyAlone(new CommandPosition(1, i + 1, 0), bytes);
            Assert.True(Record.Exception(() => machine.Query(bytes)) is null or StateElsewhereException);
        }

        Assert.Empty(GrainPage.Decode(Group, machine.Query(GrainQuery.List(default, 1).Encode())).Records);
        Assert.Throws<NotSupportedException>(() => machine.Apply(new CommandPosition(1, 20_001, 0), new byte[] { 2, 1 }));
    }

    [Fact]
    public void Record_keys_are_unambiguous_and_sorted_by_the_grains_key_within_type_and_state()
    {
        var key = RecordKey.Create(GrainId.Create("cart", "a/b+c"), "state");
        Assert.True(RecordKey.TryParse(key, out var grainId, out var stateName));
        Assert.Equal(GrainId.Create("cart", "a/b+c"), grainId);
        Assert.Equal("state", stateName);
        Assert.NotEqual(RecordKey.Create(GrainId.Create("a", "b"), "c"), RecordKey.Create(GrainId.Create("a", "bc"), ""));
        Assert.True(RecordKey.Create(GrainId.Create("t", "a"), "z").AsSpan().SequenceCompareTo(
            RecordKey.Create(GrainId.Create("t", "ab"), "z")) < 0);
    }

    [Fact]
    public void An_answer_of_another_format_names_the_group()
    {
        var error = Assert.Throws<RaftException>(() => GrainAnswer.Decode(Group, new byte[] { 9, 1, 0, 0, 0 }));
        Assert.Contains("raft/0", error.Message, StringComparison.Ordinal);
        Assert.Throws<RaftException>(() => GrainPage.Decode(Group, new byte[] { 1, 5, 0, 255, 255, 255, 127 }));
    }
}
