namespace Orleans.Raft.Core;

/// <summary>Seeded source of election timeouts, part of the node's state so that a run can be repeated (splitmix64).</summary>
/// <remarks>A source that nodes share would make each one's timeouts depend on what the others did: a fault could not be replayed from one node's inputs.</remarks>
internal struct ElectionJitter(ulong seed)
{
    private ulong _state = seed;

    /// <summary>A number in [0, <paramref name="bound"/>).</summary>
    public int Next(int bound)
    {
        Invariant.Holds(bound > 0, $"nothing can be drawn below {bound}");

        // The remainder prefers small numbers by one part in 2^64 / bound, which no election notices.
        unchecked
        {
            var z = _state += 0x9e3779b97f4a7c15;
            z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
            z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
            return (int)((z ^ (z >> 31)) % (ulong)bound);
        }
    }

    /// <summary>Replicas that were given the same seed, as by a shared configuration file, must still draw differently: else they split every vote.</summary>
    public static ulong Mix(ulong seed, ReplicaId id) => unchecked(seed ^ ((ulong)id.Value * 0xd1342543de82ef95));
}
