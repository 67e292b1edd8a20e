namespace Orleans.Raft.Storage.Clustering;

/// <summary>What a voter does with what arrives.</summary>
internal interface ITransportHandler
{
    /// <summary>Null to let a peer in that knows the secret, else why not.</summary>
    string? Admit(PeerIdentity peer);

    /// <summary>A message of the group. Never waits: what cannot be taken is dropped.</summary>
    void OnRaft(PeerIdentity peer, ReadOnlyMemory<byte> body);

    /// <summary>A request; answers in bounded time.</summary>
    Task<Answer> AnswerAsync(PeerIdentity peer, FrameKind kind, ReadOnlyMemory<byte> body, CancellationToken cancellationToken);
}
