using System.Buffers;
using System.Buffers.Binary;
using Orleans.Raft.Core;
using Orleans.Raft.Storage.Clustering;
using Orleans.Raft.Wire;

namespace Orleans.Raft.Storage.Tests.Clustering;

/// <summary>Makes hostile input: valid frames and handshakes with something wrong, by seed.</summary>
internal sealed class FrameFuzz
{
    private readonly Random _random;
    private readonly byte[][] _corpus;

    public FrameFuzz(int seed)
    {
        _random = new Random(seed);
        _corpus = Corpus();
    }

    /// <summary>A frame that is wrong somewhere, mostly.</summary>
    public byte[] Next()
    {
        var bytes = (byte[])_corpus[_random.Next(_corpus.Length)].Clone();
        for (var changes = _random.Next(4); changes > 0 && bytes.Length > 0; changes--)
        {
            bytes = Change(bytes);
        }

        return bytes;
    }

    /// <summary>The frame with its length, which may be wrong as well.</summary>
    public byte[] NextFramed()
    {
        var bytes = Next();
        var framed = new byte[4 + bytes.Length];
        BinaryPrimitives.WriteInt32LittleEndian(framed, _random.Next(20) switch
        {
            0 => _random.Next(),
            1 => -1,
            2 => bytes.Length + _random.Next(1, 10),
            3 => 0,
            _ => bytes.Length,
        });
        bytes.CopyTo(framed, 4);
        return framed;
    }

    private byte[] Change(byte[] bytes)
    {
        var at = _random.Next(bytes.Length);
        switch (_random.Next(7))
        {
            case 0:
                bytes[at] ^= (byte)(1 << _random.Next(8));
                return bytes;
            case 1:
                bytes[at] = (byte)_random.Next(256);
                return bytes;
            case 2:
                return bytes[..at];
            case 3:
                return [.. bytes[..at], 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f, .. bytes[at..]];
            case 4:
                return [.. bytes[..at], .. Bytes(_random.Next(16)), .. bytes[at..]];
            case 5:
                return [.. bytes[..at], .. _corpus[_random.Next(_corpus.Length)]];
            default:
                return [.. bytes[..at], .. bytes[at..], .. bytes[at..]];
        }
    }

    private byte[][] Corpus()
    {
        var row = new SiloRow
        {
            Silo = "127.0.0.1:11111@5", Status = 3, ProxyPort = 30_000, SiloName = "s", HostName = "h", UpdateZone = -1, StartTime = 5, AliveTime = 6,
            Suspicions = [new Suspicion("127.0.0.1:11112@6", 7)],
        };
        var voter = new VoterBinding { Replica = new ReplicaId(1), Name = "s1", Store = new Guid(Bytes(16)), OpenCounter = 3, Address = "127.0.0.1:1" };
        TableCommand[] commands =
        [
            new() { Kind = TableCommandKind.OpenSession, Nonce = new Guid(Bytes(16)) },
            new() { Kind = TableCommandKind.Insert, Row = row, Version = 1, VersionETag = 1, Session = 5, Sequence = 1 },
            new() { Kind = TableCommandKind.Update, Row = row, Version = -1, VersionETag = 1, RowETag = 3, Session = 5, Sequence = 2, LowWater = 1 },
            new() { Kind = TableCommandKind.Alive, Alive = [new AliveReport("127.0.0.1:11111@5", 8)] },
            new() { Kind = TableCommandKind.Cleanup, Before = 5 },
            new() { Kind = TableCommandKind.DeleteAll },
            new() { Kind = TableCommandKind.VoterStarted, Voter = voter },
        ];
        var append = Message.Append(new ReplicaId(1), new ReplicaId(2), 3, new EntryId(2, 7), 6, [new Entry(3, 8, EntryType.EntryNormal, commands[1].Encode())]);
        var snapshot = Message.InstallSnapshot(
            new ReplicaId(1), new ReplicaId(2), 3, new Snapshot(new EntryId(2, 7), ConfState.Of([new ReplicaId(1)]), TableState.Genesis(new Guid(Bytes(16)), "c", [voter]).Encode()));
        Frame[] frames =
        [
            new(FrameKind.Beat, 1, default),
            .. commands.Select(static (command, i) => new Frame(FrameKind.Submit, i, command.Encode())),
            new(FrameKind.Read, 2, new byte[] { 1 }),
            new(FrameKind.Read, 3, default),
            new(FrameKind.Alive, 4, new AliveReport("127.0.0.1:11111@5", 8).Encode()),
            new(FrameKind.Birth, 5, default),
            new(FrameKind.Replace, 6, voter.Encode()),
            new(FrameKind.Message, 0, Body(append)),
            new(FrameKind.Message, 0, Body(snapshot)),
            new(FrameKind.Message, 0, Body(Message.RequestVote(new ReplicaId(1), new ReplicaId(2), 3, new EntryId(2, 7)))),
            new(FrameKind.Answer, 7, new Answer(AnswerStatus.NotLeader) { Leader = "s1", Text = "t" }.Encode()),
            new(FrameKind.Answer, 8, new BirthNews { Store = new Guid(Bytes(16)), Replica = new ReplicaId(1), Starts = 1, Genesis = new byte[3] }.Encode()),
        ];
        return [.. frames.Select(static frame => frame.Encode()), new Fields().Number(1, 1).Bytes(2, new byte[32]).ToArray(), [], Bytes(64)];
    }

    private byte[] Bytes(int count)
    {
        var bytes = new byte[count];
        _random.NextBytes(bytes);
        return bytes;
    }

    private static byte[] Body(Message message)
    {
        var output = new ArrayBufferWriter<byte>();
        output.Write(new byte[16]);
        RaftCodec.Write(message, output);
        return output.WrittenSpan.ToArray();
    }
}
