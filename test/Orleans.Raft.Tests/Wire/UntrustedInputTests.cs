using CsCheck;
using Orleans.Raft.Core;
using Orleans.Raft.Wire;
using Xunit;
using Xunit.Abstractions;

namespace Orleans.Raft.Tests.Wire;

/// <summary>Bytes that nobody vouches for: one exception, and no more memory than the input is worth.</summary>
public sealed class UntrustedInputTests(ITestOutputHelper output)
{
    private const int DefaultInputs = 200_000;

    // Two bytes of input may cost an Entry of 40 bytes; lists grow by doubling.
    private const int BytesPerInputByte = 64;
    private const int BytesPerInput = 4096;

    [Fact]
    public void Any_bytes_are_read_or_refused_by_one_exception_within_the_memory_they_justify()
    {
        var inputs = int.TryParse(Environment.GetEnvironmentVariable("ORLEANS_RAFT_FUZZ_INPUTS"), out var more) ? more : DefaultInputs;
        var seed = int.TryParse(Environment.GetEnvironmentVariable("ORLEANS_RAFT_FUZZ_SEED"), out var given) ? given : 20261124;
        output.WriteLine($"ORLEANS_RAFT_FUZZ_SEED={seed} ORLEANS_RAFT_FUZZ_INPUTS={inputs}");
        var random = new Random(seed);
        var corpus = Corpus();
        var read = 0;
        for (var i = 0; i < inputs; i++)
        {
            var (kind, valid) = corpus[random.Next(corpus.Count)];
            read += TryRead(kind, Mutate(valid, random)) ? 1 : 0;
        }

        output.WriteLine($"{read} of {inputs} were read, the others refused.");
        Assert.InRange(read, inputs / 100, inputs);
    }

    [Theory]
    [InlineData("101080808080808080808001")] // Entry, term 2^63
    [InlineData("10ffffffffffffffffff01")] // 2^64-1
    [InlineData("10ffffffffffffffffff02")] // more than 64 bits
    [InlineData("1080808080808080808080808000")] // endless
    [InlineData("0803")] // unknown type
    [InlineData("2205616263")] // data beyond the end
    [InlineData("22ffffffff0f")] // a length of 4 GiB
    [InlineData("00")] // field 0
    [InlineData("0b0c")] // a group
    [InlineData("10")] // tag alone
    [InlineData("2001")] // data as a number
    public void A_bad_entry_is_refused(string hex) =>
        Assert.Throws<WireFormatException>(() => RaftCodec.ReadEntry(Convert.FromHexString(hex)));

    [Theory]
    [InlineData("0818")] // unknown type
    [InlineData("6203010203")] // a context of three bytes
    [InlineData("4a004a00")] // two snapshots
    [InlineData("7208080410017202")] // a response cut off
    [InlineData("720a080410017204080410017200")] // a response with responses
    public void A_bad_message_is_refused(string hex) =>
        Assert.Throws<WireFormatException>(() => RaftCodec.ReadMessage(Convert.FromHexString(hex)));

    [Fact]
    public void The_error_names_value_offset_expected_and_found()
    {
        var error = Assert.Throws<WireFormatException>(() => RaftCodec.ReadEntry(new byte[] { 0x18, 1, 0x22, 9, 1 }));
        Assert.Equal("Entry: at offset 4 of 5, field 4: expected at most 1 bytes, found a length of 9.", error.Message);
    }

    [Fact]
    public void What_only_the_process_itself_may_say_is_refused_from_a_peer()
    {
        foreach (var type in Enum.GetValues<MessageType>())
        {
            var bytes = Bytes(new Message { Type = type, From = new(1), To = new(2) });
            if (!type.IsLocal())
            {
                Assert.Equal(type, RaftCodec.ReadPeerMessage(bytes).Type);
            }
            else
            {
                Assert.Throws<WireFormatException>(() => RaftCodec.ReadPeerMessage(bytes));
            }
        }

        Assert.Throws<WireFormatException>(() => RaftCodec.ReadPeerMessage(Bytes(new Message { Type = MessageType.MsgAppResp, From = ReplicaId.AppendThread, To = new(2) })));
        Assert.Throws<WireFormatException>(() => RaftCodec.ReadPeerMessage(Bytes(new Message { Type = MessageType.MsgAppResp, From = new(1), To = ReplicaId.ApplyThread })));
        Assert.Throws<WireFormatException>(() => RaftCodec.ReadPeerMessage(Bytes(new Message
        {
            Type = MessageType.MsgApp, From = new(1), To = new(2), Responses = [new Message { Type = MessageType.MsgAppResp, To = new(2) }],
        })));
    }

    [Fact]
    public void An_item_whose_message_is_for_another_replica_is_refused()
    {
        var header = new LaneHeader(LaneCodec.ProtocolVersion, Guid.NewGuid(), "silo", Guid.NewGuid(), 1, default, 0, 1, 1);
        var item = new LaneItem("orders", 1, 1, new(1), new(2), default, default) { Message = new Message { Type = MessageType.MsgApp, From = new(1), To = new(3) } };
        Assert.Throws<WireFormatException>(() => LaneCodec.Read(LaneCodec.Encode(header, [item])).Items[0].ReadMessage());
    }

    [Fact]
    public void A_later_protocol_version_is_refused_with_the_silo_named()
    {
        var header = new LaneHeader(LaneCodec.ProtocolVersion + 1, Guid.NewGuid(), "silo-7", Guid.NewGuid(), 1, default, 0, 1, 1);
        Assert.Contains("silo-7", Assert.Throws<WireFormatException>(() => LaneCodec.Read(LaneCodec.Encode(header, []))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_later_command_format_asks_for_an_upgrade_and_is_no_error() =>
        Assert.Equal(-1, CommandCodec.Validate(new byte[] { 0x08, CommandCodec.Format + 1 }));

    [Fact]
    public void A_negative_number_is_refused_before_it_is_written()
    {
        var output = new System.Buffers.ArrayBufferWriter<byte>();
        Assert.Throws<ArgumentOutOfRangeException>(() => RaftCodec.Write(new HardState(-1, default, 0), output));
        Assert.Throws<ArgumentOutOfRangeException>(() => RaftCodec.Write(new Entry(1, -1, EntryType.EntryNormal, default), output));
        Assert.Throws<ArgumentOutOfRangeException>(() => RaftCodec.Write(new Message { Term = -1 }, output));
        Assert.Equal(0, output.WrittenCount);
    }

    [Fact]
    public void Payloads_are_slices_of_the_input()
    {
        var bytes = Bytes(new Message { Type = MessageType.MsgApp, Entries = [new Entry(1, 1, EntryType.EntryNormal, new byte[1000])] });
        var data = RaftCodec.ReadMessage(bytes).Entries[0].Data;
        Assert.True(bytes.AsSpan().Overlaps(data.Span));
    }

    private static List<(string Kind, byte[] Bytes)> Corpus()
    {
        var corpus = new List<(string, byte[])>();
        Add("entry", WireGen.Entry, entry => Fill(RaftCodec.EntrySize(entry), bytes => RaftCodec.Write(entry, bytes)));
        Add("hardstate", WireGen.HardState, state => Fill(RaftCodec.Size(state), bytes => RaftCodec.Write(state, bytes)));
        Add("confstate", WireGen.ConfState, state => Fill(RaftCodec.Size(state), bytes => RaftCodec.Write(state, bytes)));
        Add("snapshot", WireGen.Snapshot, snapshot => Fill(RaftCodec.Size(snapshot), bytes => RaftCodec.Write(snapshot, bytes)));
        Add("confchange", WireGen.ConfChange, RaftCodec.Encode);
        Add("confchangev2", WireGen.ConfChangeV2, RaftCodec.Encode);
        Add("message", WireGen.Message, Bytes);
        Add("peer", WireGen.Message, Bytes);
        Add("commands", WireGen.Command.Array[0, 4], commands => CommandCodec.Encode(commands));
        Add("lane", WireGen.LaneHeader.SelectMany(header => WireGen.LaneItem(header).Array[0, 3].Select(items => (header, items))), batch => LaneCodec.Encode(batch.header, batch.items));
        return corpus;

        void Add<T>(string kind, Gen<T> gen, Func<T, byte[]> encode) =>
            gen.Sample(value => { corpus.Add((kind, encode(value))); }, iter: 40, threads: 1, seed: "0000KR6TvjK3");
    }

    private static byte[] Fill(int size, Action<byte[]> write)
    {
        var bytes = new byte[size];
        write(bytes);
        return bytes;
    }

    private static byte[] Bytes(Message message) => Fill(RaftCodec.Size(message), bytes => RaftCodec.Write(message, bytes));

    private static byte[] Mutate(byte[] valid, Random random)
    {
        if (random.Next(10) == 0)
        {
            var noise = new byte[random.Next(64)];
            random.NextBytes(noise);
            return noise;
        }

        var bytes = new List<byte>(valid);
        for (var changes = random.Next(4); changes > 0 && bytes.Count > 0; changes--)
        {
            var at = random.Next(bytes.Count);
            switch (random.Next(6))
            {
                case 0:
                    bytes[at] ^= (byte)(1 << random.Next(8));
                    break;
                case 1:
                    bytes[at] = (byte)random.Next(256);
                    break;
                case 2:
                    bytes.RemoveRange(at, Math.Min(random.Next(1, 9), bytes.Count - at));
                    break;
                case 3:
                    bytes.Insert(at, (byte)random.Next(256));
                    break;
                case 4:
                    bytes.InsertRange(at, bytes.GetRange(at, Math.Min(random.Next(1, 30), bytes.Count - at)));
                    break;
                default:
                    bytes.InsertRange(at, Enumerable.Repeat((byte)0xff, random.Next(1, 10)));
                    break;
            }
        }

        return [.. bytes];
    }

    private static bool TryRead(string kind, byte[] bytes)
    {
        var before = GC.GetAllocatedBytesForCurrentThread();
        try
        {
            Read(kind, bytes);
        }
        catch (WireFormatException)
        {
            return false;
        }
        catch (Exception error)
        {
            throw new InvalidOperationException($"{kind} {Convert.ToHexString(bytes)}", error);
        }

        var allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        Assert.True(
            allocated <= BytesPerInput + (long)BytesPerInputByte * bytes.Length,
            $"{kind} {Convert.ToHexString(bytes)}: {bytes.Length} bytes of input cost {allocated}.");
        return true;
    }

    private static void Read(string kind, byte[] bytes)
    {
        switch (kind)
        {
            case "entry":
                RaftCodec.ReadEntry(bytes);
                break;
            case "hardstate":
                RaftCodec.ReadHardState(bytes);
                break;
            case "confstate":
                RaftCodec.ReadConfState(bytes);
                break;
            case "snapshot":
                RaftCodec.ReadSnapshot(bytes);
                break;
            case "confchange":
                RaftCodec.ReadConfChange(bytes);
                break;
            case "confchangev2":
                RaftCodec.ReadConfChangeV2(bytes);
                break;
            case "message":
                RaftCodec.ReadMessage(bytes);
                break;
            case "peer":
                RaftCodec.ReadPeerMessage(bytes);
                break;
            case "commands":
                CommandCodec.Validate(bytes);
                break;
            default:
                LaneCodec.Read(bytes);
                break;
        }
    }
}
