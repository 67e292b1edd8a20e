using System.Diagnostics.CodeAnalysis;

namespace Orleans.Raft.Core;

/// <summary>What an entry's data means.</summary>
[Experimental("ORLEANSRAFT001")]
public enum EntryType
{
    /// <summary>A user's command, or the empty entry of a new leader.</summary>
    EntryNormal = 0,

    /// <summary>A single-step configuration change, <see cref="ConfChange"/>.</summary>
    EntryConfChange = 1,

    /// <summary>A configuration change that may be joint, <see cref="ConfChangeV2"/>.</summary>
    EntryConfChangeV2 = 2,
}
