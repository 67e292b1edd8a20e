using CsCheck;
using Google.Protobuf;
using Orleans.Raft.Core;
using Orleans.Raft.Wire;
using Xunit;
using Schema = Orleans.Raft.Wire.Schema;

namespace Orleans.Raft.Tests.Wire;

/// <summary>The codec written by hand against the classes that protoc generates from the same schema.</summary>
public sealed class RefereeTests
{
    [Fact]
    public void An_entry_comes_back_as_it_was_and_the_referee_agrees() => WireGen.Entry.Sample(entry =>
    {
        var bytes = new byte[RaftCodec.EntrySize(entry)];
        Assert.Equal(bytes.Length, RaftCodec.Write(entry, bytes));
        Assert.Equal(WireText.Of(entry), WireText.Of(RaftCodec.ReadEntry(bytes)));
        Assert.Equal(bytes, Schema.Entry.Parser.ParseFrom(bytes).ToByteArray());
    });

    [Fact]
    public void A_hard_state_comes_back_as_it_was_and_the_referee_agrees() => WireGen.HardState.Sample(state =>
    {
        var bytes = new byte[RaftCodec.Size(state)];
        Assert.Equal(bytes.Length, RaftCodec.Write(state, bytes));
        Assert.Equal(state, RaftCodec.ReadHardState(bytes));
        Assert.Equal(bytes, Schema.HardState.Parser.ParseFrom(bytes).ToByteArray());
    });

    [Fact]
    public void A_configuration_comes_back_as_it_was_and_the_referee_agrees() => WireGen.ConfState.Sample(state =>
    {
        var bytes = new byte[RaftCodec.Size(state)];
        Assert.Equal(bytes.Length, RaftCodec.Write(state, bytes));
        Assert.Equal(state, RaftCodec.ReadConfState(bytes));
        Assert.Equal(bytes, Schema.ConfState.Parser.ParseFrom(bytes).ToByteArray());
    });

    [Fact]
    public void Changes_come_back_as_they_were_and_the_referee_agrees() => Gen.Select(WireGen.ConfChange, WireGen.ConfChangeV2).Sample((single, change) =>
    {
        Assert.Equal(WireText.Of(single), WireText.Of(RaftCodec.ReadConfChange(RaftCodec.Encode(single))));
        Assert.Equal(RaftCodec.Encode(single), Schema.ConfChange.Parser.ParseFrom(RaftCodec.Encode(single)).ToByteArray());
        Assert.Equal(WireText.Of(change), WireText.Of(RaftCodec.ReadConfChangeV2(RaftCodec.Encode(change))));
        Assert.Equal(RaftCodec.Encode(change), Schema.ConfChangeV2.Parser.ParseFrom(RaftCodec.Encode(change)).ToByteArray());
    });

    [Fact]
    public void A_message_comes_back_as_it_was_and_the_referee_agrees() => WireGen.Message.Sample(message =>
    {
        var bytes = new byte[RaftCodec.Size(message)];
        Assert.Equal(bytes.Length, RaftCodec.Write(message, bytes));
        Assert.Equal(WireText.Of(message), WireText.Of(RaftCodec.ReadMessage(bytes)));
        Assert.Equal(bytes, Schema.Message.Parser.ParseFrom(bytes).ToByteArray());
    });

    [Fact]
    public void A_batch_comes_back_as_it_was_and_the_referee_agrees() =>
        WireGen.LaneHeader.SelectMany(header => WireGen.LaneItem(header).Array[0, 4].Select(items => (header, items))).Sample(batch =>
        {
            var bytes = LaneCodec.Encode(batch.header, batch.items);
            var read = LaneCodec.Read(bytes);
            Assert.Equal(batch.header, read.Header);
            Assert.Equal(batch.items.Select(Describe), read.Items.Select(Describe));
            Assert.Equal(bytes, Schema.LaneBatch.Parser.ParseFrom(bytes).ToByteArray());
        });

    [Fact]
    public void Commands_come_back_as_they_were_and_the_referee_agrees() => WireGen.Command.Array[0, 5].Sample(commands =>
    {
        var bytes = CommandCodec.Encode(commands);
        Assert.Equal(commands.Length, CommandCodec.Validate(bytes));
        var read = new List<Command>();
        foreach (var command in CommandCodec.Read(bytes))
        {
            read.Add(command);
        }

        Assert.Equal(commands.Select(Describe), read.Select(Describe));
        var referee = Schema.CommandBatch.Parser.ParseFrom(bytes);
        Assert.Equal(commands.Select(Describe), referee.Commands.Select(command =>
            Describe(new Command((long)command.Session, (long)command.Sequence, (long)command.LowWater, command.Payload.Memory))));
    });

    [Fact]
    public void What_the_referee_writes_with_absent_fields_and_packed_lists_is_read()
    {
        Assert.Equal(0, RaftCodec.ReadEntry(default).Index);
        Assert.Equal(WireText.Of(new Message()), WireText.Of(RaftCodec.ReadMessage(default)));
        var sparse = new Schema.Message { Type = Schema.MessageType.MsgApp, Entries = { new Schema.Entry { Index = 7 } } }.ToByteArray();
        Assert.Equal(7, Assert.Single(RaftCodec.ReadMessage(sparse).Entries).Index);

        // voters packed (1, 300), then one more unpacked
        var packed = new byte[] { 0x0a, 3, 1, 0xac, 2, 0x08, 5 };
        Assert.Equal([new(1), new(300), new(5)], RaftCodec.ReadConfState(packed).Voters.AsEnumerable());
    }

    [Fact]
    public void Fields_of_a_later_version_are_skipped()
    {
        byte[] later = [0x08, 0, 0xf8, 0x01, 0x05, 0xfa, 0x01, 1, 9, 0xfd, 0x01, 1, 2, 3, 4, 0xf9, 0x01, 1, 2, 3, 4, 5, 6, 7, 8, 0x18, 42];
        Assert.Equal(42, RaftCodec.ReadEntry(later).Index);
    }

    [Fact]
    public void Every_field_of_a_message_goes_over_the_wire() =>
        Assert.Equal(
            [
                "Commit", "Context", "Entries", "From", "Index", "IsCampaignTransfer", "LogTerm", "Promise", "Reject", "RejectHint",
                "Responses", "Snapshot", "Term", "To", "Type", "Vote",
            ],
            typeof(Message).GetProperties().Select(property => property.Name).Order());

    private static string Describe(LaneItem item) =>
        $"{item.GroupName}/{item.GroupIndex}@{item.GroupIncarnation} {item.From.Value}->{item.To.Value} {item.FromLife} {item.ToLife} "
        + WireText.Of(item.Message ?? RaftCodec.ReadMessage(item.MessageBytes));

    private static string Describe(Command command) =>
        $"{command.Session} {command.Sequence} {command.LowWater} {Convert.ToHexString(command.Payload.Span)}";
}
