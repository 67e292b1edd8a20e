using Orleans.Raft.Core;
using Orleans.Raft.Wire;

namespace Orleans.Raft.Hosting;

/// <summary>Why a replica did not take a request. Numbers are on the wire.</summary>
internal enum RefusalKind : byte
{
    /// <summary>It was taken and answered.</summary>
    None = 0,

    /// <summary>This replica does not lead; the hint says who does.</summary>
    NotLeader = 1,

    /// <summary>It leads but is too busy; nothing was proposed. Try again there, later.</summary>
    Busy = 2,

    /// <summary>It has faulted or is stopping; ask another.</summary>
    Gone = 3,

    /// <summary>The state machine refused the query by throwing.</summary>
    Failed = 4,
}

/// <summary>Commands of one attempt that was refused before anything was proposed.</summary>
/// <param name="Session">Whose.</param>
/// <param name="Sequences">Which.</param>
internal readonly record struct RefusedCommands(long Session, long[] Sequences)
{
    /// <summary>Nothing can be said of any command.</summary>
    public static RefusedCommands None { get; } = new(0, []);

    /// <summary>These, which are all of one session.</summary>
    public static RefusedCommands Of(List<Command> commands) =>
        commands.Count == 0 ? None : new(commands[0].Session, [.. commands.Select(command => command.Sequence)]);
}

/// <summary>What a silo's group client hears, from the silo's own replica directly and from others over the lane. May be called from any thread.</summary>
internal interface IGroupClientPort
{
    /// <summary>The silo's own replica knows a leader, or none.</summary>
    void OnLeader(ReplicaId leader, long term);

    /// <summary>A session was registered.</summary>
    void OnRegistered(Guid nonce, long session);

    /// <summary>A command of this session was judged, on whichever replica: the verdict is the group's.</summary>
    void OnAnswer(long session, long sequence, bool isExpired, ReadOnlyMemory<byte> answer);

    /// <summary>A replica did not take, or no longer holds, what it was sent.</summary>
    /// <param name="by">Which replica.</param>
    /// <param name="kind">Why.</param>
    /// <param name="leader">Leader it knows, or none.</param>
    /// <param name="term">Its term.</param>
    /// <param name="refused">The attempt that was definitely not proposed; its sequences are empty where that can't be said (SAFETY-RULES C4).</param>
    void OnRefused(ReplicaId by, RefusalKind kind, ReplicaId leader, long term, RefusedCommands refused);

    /// <summary>A read was answered or refused.</summary>
    void OnReadAnswer(long request, ReplicaId by, RefusalKind kind, ReplicaId leader, long term, ReadOnlyMemory<byte> answer);
}
