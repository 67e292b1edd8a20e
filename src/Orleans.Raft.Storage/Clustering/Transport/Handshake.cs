using System.Security.Cryptography;
using System.Text;
using Orleans.Raft.Wire;

namespace Orleans.Raft.Storage.Clustering;

/// <summary>Who is at an end of a connection: one life of one silo (SAFETY-RULES A7, A8).</summary>
/// <param name="Silo">Name of the silo or client.</param>
/// <param name="Store">Store of a voter; empty for others.</param>
/// <param name="OpenCounter">Which opening of the store.</param>
/// <param name="Incarnation">Group it belongs to; empty while it knows none.</param>
/// <param name="Life">Random, made at that opening: a directory that was turned back by one opening counts up to the same number, but isn't the same life.</param>
internal sealed record PeerIdentity(string Silo, Guid Store, long OpenCounter, Guid Incarnation, Guid Life = default)
{
    /// <summary>True for an end that has a voter's store.</summary>
    public bool IsVoter => Store != Guid.Empty;

    /// <inheritdoc/>
    public override string ToString() => IsVoter ? $"{Silo} (store {Store:N}#{OpenCounter})" : Silo;
}

/// <summary>
/// Both ends prove that they know the secret by a keyed hash over both nonces and everything they say of themselves; the secret doesn't travel.
/// Server: challenge. Client: hello. Server: welcome or, to who knows the secret, why not.
/// </summary>
/// <param name="cluster">The cluster's id.</param>
/// <param name="secret">What both ends must know.</param>
/// <param name="self">Who this end is now.</param>
/// <param name="voters">Names of the voters that a silo is configured with, separated by commas; empty for whoever need not know them all.</param>
internal sealed class Handshake(string cluster, string secret, Func<PeerIdentity> self, string voters = "")
{
    private const int NonceBytes = 32;
    private const byte FromClient = 1;
    private const byte FromServer = 2;

    private readonly byte[] _key = SHA256.HashData(Encoding.UTF8.GetBytes("Orleans.Raft clustering 1\n" + secret));

    /// <summary>The side that dialed. <paramref name="expected"/> is the voter that must answer.</summary>
    /// <exception cref="TransportException">The other end is not that voter, does not know the secret, or refuses.</exception>
    public async Task<PeerIdentity> ConnectAsync(FrameStream stream, string expected, CancellationToken cancellationToken)
    {
        var challenge = await ReadAsync(stream, "a challenge", cancellationToken).ConfigureAwait(false);
        var (protocol, theirs) = DecodeChallenge(challenge);
        if (protocol != TransportLimits.Protocol)
        {
            throw new TransportException($"The other end speaks protocol {protocol}, this one {TransportLimits.Protocol}.");
        }

        var mine = RandomNumberGenerator.GetBytes(NonceBytes);
        var hello = Greeting.Of(self(), cluster, expected, mine, voters);
        await stream.WriteAsync(Seal(hello.Encode(), FromClient, theirs, mine), cancellationToken).ConfigureAwait(false);
        var welcome = await ReadAsync(stream, "a welcome (it closes without a word on a wrong secret)", cancellationToken).ConfigureAwait(false);
        var answer = Greeting.Decode(Open(welcome, FromServer, theirs, mine, out _));
        if (Differ(answer, self()))
        {
            throw new OtherVotersException(answer.Peer.Silo, answer.Voters, voters);
        }

        if (answer.Refusal.Length > 0)
        {
            throw new TransportException($"{answer.Peer.Silo} refuses the connection: {answer.Refusal}");
        }

        return answer.Peer.Silo == expected
            ? answer.Peer
            : throw new TransportException($"At the address of {expected} answers {answer.Peer.Silo}; check Voters and the addresses.");
    }

    /// <summary>The side that was dialed.</summary>
    /// <param name="stream">The connection.</param>
    /// <param name="admit">Null to let the peer in, else why not.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="TransportException">The other end does not know the secret, or was refused.</exception>
    public async Task<PeerIdentity> AcceptAsync(FrameStream stream, Func<PeerIdentity, string?> admit, CancellationToken cancellationToken)
    {
        var mine = RandomNumberGenerator.GetBytes(NonceBytes);
        var challenge = new Fields().Number(1, TransportLimits.Protocol).Bytes(2, mine).ToArray();
        await stream.WriteAsync(challenge, cancellationToken).ConfigureAwait(false);
        var sealedHello = await ReadAsync(stream, "a greeting", cancellationToken).ConfigureAwait(false);
        var hello = Greeting.Decode(Open(sealedHello, FromClient, mine, null, out var theirs));
        var me = self();
        var refusal = Refuse(hello, me) ?? admit(hello.Peer);
        var welcome = Greeting.Of(me, cluster, hello.Peer.Silo, mine, voters) with { Refusal = refusal ?? "" };
        await stream.WriteAsync(Seal(welcome.Encode(), FromServer, mine, theirs), cancellationToken).ConfigureAwait(false);
        return refusal is null ? hello.Peer : throw new TransportException($"{hello.Peer} was refused: {refusal}");
    }

    private static async ValueTask<byte[]> ReadAsync(FrameStream stream, string what, CancellationToken cancellationToken) =>
        await stream.ReadAsync(TransportLimits.MaxHandshakeBytes, cancellationToken).ConfigureAwait(false)
        ?? throw new TransportException($"The other end closed the connection instead of sending {what}.");

    private static (int Protocol, byte[] Nonce) DecodeChallenge(byte[] bytes)
    {
        var reader = new WireReader(bytes, "Challenge");
        var (protocol, nonce) = (0, ReadOnlyMemory<byte>.Empty);
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case 1:
                    protocol = reader.Number(int.MaxValue);
                    break;
                case 2:
                    nonce = reader.Bytes();
                    break;
                default:
                    reader.Skip();
                    break;
            }
        }

        return nonce.Length == NonceBytes ? (protocol, nonce.ToArray()) : throw new TransportException("The challenge has no nonce.");
    }

    private string? Refuse(Greeting hello, PeerIdentity me)
    {
        if (hello.Protocol != TransportLimits.Protocol)
        {
            return $"protocol {hello.Protocol}, here it is {TransportLimits.Protocol}.";
        }

        if (hello.Cluster != cluster)
        {
            return $"it belongs to cluster '{hello.Cluster}', this is '{cluster}'.";
        }

        if (hello.Expected != me.Silo)
        {
            return $"it looks for voter '{hello.Expected}', this is '{me.Silo}'.";
        }

        return Differ(hello, me) ? OtherVotersException.Describe(hello.Peer.Silo, hello.Voters, voters) : null;
    }

    // Until the group is born there is nothing to go by but the lists, so two that differ can't both be meant. Later they are only hints.
    private bool Differ(Greeting other, PeerIdentity me) =>
        voters.Length > 0 && other.Voters.Length > 0 && other.Voters != voters && other.Peer.Incarnation == Guid.Empty && me.Incarnation == Guid.Empty;

    private byte[] Seal(byte[] content, byte role, byte[] serverNonce, byte[] clientNonce) =>
        new Fields().Bytes(1, content).Bytes(2, Prove(content, role, serverNonce, clientNonce)).ToArray();

    private ReadOnlyMemory<byte> Open(byte[] message, byte role, byte[] serverNonce, byte[]? clientNonce, out byte[] nonce)
    {
        var reader = new WireReader(message, "Sealed");
        var (content, proof) = (ReadOnlyMemory<byte>.Empty, ReadOnlyMemory<byte>.Empty);
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case 1:
                    content = reader.Bytes();
                    break;
                case 2:
                    proof = reader.Bytes();
                    break;
                default:
                    reader.Skip();
                    break;
            }
        }

        nonce = clientNonce ?? Greeting.Decode(content).Nonce.ToArray();
        return nonce.Length == NonceBytes && CryptographicOperations.FixedTimeEquals(Prove(content.Span, role, serverNonce, nonce), proof.Span)
            ? content
            : throw new TransportException("The other end does not prove that it knows the secret.");
    }

    private byte[] Prove(ReadOnlySpan<byte> content, byte role, byte[] serverNonce, byte[] clientNonce)
    {
        using var hash = IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, _key);
        hash.AppendData([role]);
        hash.AppendData(serverNonce);
        hash.AppendData(clientNonce);
        hash.AppendData(content);
        return hash.GetHashAndReset();
    }

    /// <summary>Hello and Welcome: what an end says of itself.</summary>
    private sealed record Greeting(PeerIdentity Peer)
    {
        public int Protocol { get; init; }

        public string Cluster { get; init; } = "";

        public string Expected { get; init; } = "";

        public string Refusal { get; init; } = "";

        public ReadOnlyMemory<byte> Nonce { get; init; }

        public string Voters { get; init; } = "";

        public static Greeting Of(PeerIdentity self, string cluster, string expected, byte[] nonce, string voters) =>
            new(self) { Protocol = TransportLimits.Protocol, Cluster = cluster, Expected = expected, Nonce = nonce, Voters = voters };

        public byte[] Encode() => new Fields()
            .Number(1, Protocol)
            .Text(2, Cluster)
            .Text(3, Peer.Silo)
            .Id(4, Peer.Store)
            .Number(5, Peer.OpenCounter)
            .Id(6, Peer.Incarnation)
            .Text(7, Expected)
            .Bytes(8, Nonce.Span)
            .Text(9, Refusal.Length <= 300 ? Refusal : Refusal[..300])
            .Text(10, Voters)
            .Id(11, Peer.Life)
            .ToArray();

        public static Greeting Decode(ReadOnlyMemory<byte> input)
        {
            var reader = new WireReader(input, "Greeting");
            var greeting = new Greeting(new PeerIdentity("", Guid.Empty, 0, Guid.Empty));
            while (reader.Next())
            {
                greeting = reader.Field switch
                {
                    1 => greeting with { Protocol = reader.Number(int.MaxValue) },
                    2 => greeting with { Cluster = reader.Text() },
                    3 => greeting with { Peer = greeting.Peer with { Silo = reader.Text() } },
                    4 => greeting with { Peer = greeting.Peer with { Store = reader.Id() } },
                    5 => greeting with { Peer = greeting.Peer with { OpenCounter = reader.Number() } },
                    6 => greeting with { Peer = greeting.Peer with { Incarnation = reader.Id() } },
                    7 => greeting with { Expected = reader.Text() },
                    8 => greeting with { Nonce = reader.Bytes() },
                    9 => greeting with { Refusal = reader.Text() },
                    10 => greeting with { Voters = reader.Text() },
                    11 => greeting with { Peer = greeting.Peer with { Life = reader.Id() } },
                    _ => Unknown(ref reader, greeting),
                };
            }

            return greeting;
        }

        private static Greeting Unknown(ref WireReader reader, Greeting greeting)
        {
            reader.Skip();
            return greeting;
        }
    }
}
