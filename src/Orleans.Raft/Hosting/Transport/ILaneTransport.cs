namespace Orleans.Raft.Hosting;

/// <summary>Carries one batch to another silo's endpoint. Behind it is a grain call, or the simulator's network.</summary>
internal interface ILaneTransport
{
    /// <summary>
    /// Delivers a batch and returns the receiver's answer. Any failure is an exception; whether the batch arrived is then unknown.
    /// May take arbitrarily long: the lane has its own deadline and ignores what comes later.
    /// </summary>
    /// <param name="peer">Stable name of the silo.</param>
    /// <param name="batch">Immutable from now on.</param>
    Task<LaneAck> SendAsync(string peer, byte[] batch);
}

/// <summary>How far a silo is on its way out. Only ever grows (SAFETY-RULES B12).</summary>
[GenerateSerializer]
internal enum SiloPhase
{
    /// <summary>It runs.</summary>
    Running = 0,

    /// <summary>It stops: its leaders go, and it takes no leadership.</summary>
    Stopping = 1,

    /// <summary>The last of its users' grains is gone; its replicas go on only for other silos that stop.</summary>
    Drained = 2,
}

/// <summary>Answer to a batch.</summary>
[GenerateSerializer]
[Immutable]
[Alias("Orleans.Raft.LaneAck")]
internal sealed class LaneAck(Guid storeId, long openCounter, bool isAccepted, SiloPhase phase)
{
    /// <summary>Store id of the receiver.</summary>
    [Id(0)]
    public Guid StoreId { get; } = storeId;

    /// <summary>Open counter of the receiver.</summary>
    [Id(1)]
    public long OpenCounter { get; } = openCounter;

    /// <summary>False when the batch was addressed to another life of the receiver, or could not be read; nothing of it was delivered.</summary>
    [Id(2)]
    public bool IsAccepted { get; } = isAccepted;

    /// <summary>How far the receiver is on its way out.</summary>
    [Id(3)]
    public SiloPhase Phase { get; } = phase;

    /// <summary>The receiver's life.</summary>
    public StoreIdentity Life => new(StoreId, OpenCounter);
}
