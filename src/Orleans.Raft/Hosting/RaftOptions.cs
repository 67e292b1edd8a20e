namespace Orleans.Configuration;

/// <summary>Settings of Raft groups in a silo.</summary>
public sealed class RaftOptions
{
    /// <summary>Default of <see cref="TickInterval"/>.</summary>
    public static readonly TimeSpan DefaultTickInterval = TimeSpan.FromMilliseconds(50);

    /// <summary>Default of <see cref="ElectionTicks"/>.</summary>
    public const int DefaultElectionTicks = 20;

    /// <summary>Default of <see cref="HeartbeatTicks"/>.</summary>
    public const int DefaultHeartbeatTicks = 2;

    /// <summary>Default of <see cref="RequestTimeout"/>.</summary>
    public static readonly TimeSpan DefaultRequestTimeout = TimeSpan.FromSeconds(10);

    /// <summary>Default of <see cref="MaxEntryBytes"/>.</summary>
    public const int DefaultMaxEntryBytes = 1 << 20;

    /// <summary>Default of <see cref="LaneWindowBytes"/>.</summary>
    public const int DefaultLaneWindowBytes = 16 << 20;

    /// <summary>Default of <see cref="CompactionEntries"/>.</summary>
    public const long DefaultCompactionEntries = 10_000;

    /// <summary>Default of <see cref="CompactionTailEntries"/>.</summary>
    public const long DefaultCompactionTailEntries = 1_000;

    /// <summary>Default of <see cref="ReplacementDelay"/>.</summary>
    public static readonly TimeSpan DefaultReplacementDelay = TimeSpan.FromSeconds(30);

    /// <summary>Default of <see cref="LeaderBalancingInterval"/>.</summary>
    public static readonly TimeSpan DefaultLeaderBalancingInterval = TimeSpan.FromSeconds(5);

    /// <summary>Default of <see cref="MaxInflightAppends"/>.</summary>
    public const int DefaultMaxInflightAppends = 256;

    /// <summary>Default of <see cref="MaxInflightBytes"/>.</summary>
    public const int DefaultMaxInflightBytes = 4 << 20;

    /// <summary>Default of <see cref="MaxWaitingRequests"/>.</summary>
    public const int DefaultMaxWaitingRequests = 100_000;

    /// <summary>
    /// Stable names of the silos that hold the first replicas. Used once, at the birth of the cluster; all of them must be given the same list.
    /// </summary>
    /// <value>Empty, which means this silo alone.</value>
    public IList<string> InitialSilos { get; set; } = [];

    /// <summary>Directory of this silo's data. Danger: it belongs to one silo; never copy it, never share it.</summary>
    /// <value>Null, which means <c>raft-data/{silo}</c>.</value>
    public string? DataDirectory { get; set; }

    /// <summary>Keeps everything in memory. Danger: a silo that stops has lost its replicas.</summary>
    /// <value>False.</value>
    public bool InMemory { get; set; }

    /// <summary>Length of a tick, in which election timeouts and heartbeats are counted.</summary>
    /// <value>50 ms; 10 ms to 10 s.</value>
    public TimeSpan TickInterval { get; set; } = DefaultTickInterval;

    /// <summary>Ticks without a leader after which a follower campaigns; the actual number is drawn from this to twice this.</summary>
    /// <value>20, which is 1 s; more than twice <see cref="HeartbeatTicks"/>.</value>
    public int ElectionTicks { get; set; } = DefaultElectionTicks;

    /// <summary>Ticks between heartbeats of a leader.</summary>
    /// <value>2; at least 1.</value>
    public int HeartbeatTicks { get; set; } = DefaultHeartbeatTicks;

    /// <summary>A replica asks whether it would be elected before it disturbs the others.</summary>
    /// <value>True.</value>
    public bool PreVote { get; set; } = true;

    /// <summary>A leader that hears no majority for an election timeout steps down.</summary>
    /// <value>True.</value>
    public bool CheckQuorum { get; set; } = true;

    /// <summary>How linearizable reads are confirmed; may be chosen for a family of groups as well.</summary>
    /// <value><see cref="RaftReadMode.Safe"/>. <see cref="RaftReadMode.Lease"/> needs <see cref="CheckQuorum"/>.</value>
    public RaftReadMode ReadMode { get; set; } = RaftReadMode.Safe;

    /// <summary>
    /// Groups without work for two election timeouts sleep: they neither beat nor tick, until something comes for them or a silo falls silent.
    /// </summary>
    /// <value>False: it is new, and proved by logic tests only.</value>
    public bool Hibernation { get; set; }

    /// <summary>
    /// After a failure, silos ask for the leadership of the groups of which they are the first choice, one group at a time, so that each leads its share again. Leadership that
    /// was given away by hand is asked back after a while, too: turn this off to place leaders by hand.
    /// </summary>
    /// <value>True.</value>
    public bool LeaderBalancing { get; set; } = true;

    /// <summary>How often a silo looks whether it should lead a group that it does not lead; it must have been well for as long before it asks.</summary>
    /// <value>5 s; 100 ms to 1 h.</value>
    public TimeSpan LeaderBalancingInterval { get; set; } = DefaultLeaderBalancingInterval;

    /// <summary>How long a write or a read may take, elections included, before its caller is told that it did not end.</summary>
    /// <value>10 s; 1 s to 5 min. Keep it below the caller's own response timeout.</value>
    public TimeSpan RequestTimeout { get; set; } = DefaultRequestTimeout;

    /// <summary>Bytes of commands gathered into one entry; a single command may be larger.</summary>
    /// <value>1 MiB; 1 KiB to 16 MiB.</value>
    public int MaxEntryBytes { get; set; } = DefaultMaxEntryBytes;

    /// <summary>Bytes of entries on their way to one silo, over all groups.</summary>
    /// <value>16 MiB; at least twice <see cref="MaxEntryBytes"/>.</value>
    public int LaneWindowBytes { get; set; } = DefaultLaneWindowBytes;

    /// <summary>Messages with entries that a leader has on their way to one follower without an answer.</summary>
    /// <value>256; 1 to 65,536.</value>
    public int MaxInflightAppends { get; set; } = DefaultMaxInflightAppends;

    /// <summary>Bytes of entries that a leader has on their way to one follower without an answer.</summary>
    /// <value>4 MiB, less than a lane has for one group while others are busy; at least <see cref="MaxEntryBytes"/>, at most <see cref="LaneWindowBytes"/>.</value>
    public int MaxInflightBytes { get; set; } = DefaultMaxInflightBytes;

    /// <summary>
    /// Commands, and likewise reads, of one silo to one group that may wait for an answer. What comes beyond it fails at once with <c>RaftBusyException</c>: nothing was done.
    /// </summary>
    /// <value>100,000; 1 to 10,000,000.</value>
    public int MaxWaitingRequests { get; set; } = DefaultMaxWaitingRequests;

    /// <summary>The log of a replica is cut when this many entries in it are applied and saved.</summary>
    /// <value>10,000; 10 to 10,000,000.</value>
    public long CompactionEntries { get; set; } = DefaultCompactionEntries;

    /// <summary>Saved entries that are kept in the log all the same, for followers that are a little behind.</summary>
    /// <value>1,000; 0 to 10,000,000.</value>
    public long CompactionTailEntries { get; set; } = DefaultCompactionTailEntries;

    /// <summary>
    /// How long a silo that came back with an empty directory runs before the replicas that it lost are replaced by new ones. Long enough for somebody who
    /// mounted the wrong directory to notice.
    /// </summary>
    /// <value>30 s; 0 to 1 day.</value>
    public TimeSpan ReplacementDelay { get; set; } = DefaultReplacementDelay;
}
